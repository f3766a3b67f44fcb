// Attacks on what the host knows and was started with.
import { readdirSync, readFileSync } from 'node:fs';
import { homedir, hostname, networkInterfaces, userInfo } from 'node:os';

const own = globalThis.process;

function canary(text, f, kit) {
  const at = text.indexOf(f.canaryName);
  if (at < 0) throw kit.denied('the variable of the host does not show');
  return text.slice(at, at + 120);
}

function pids() {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
}

function readable(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

export const environment = [
  {
    id: 'env.own',
    layer: 'environment',
    about: 'Finds variables of the host in its own environment',
    run: (f, kit) => canary(JSON.stringify(own.env), f, kit),
  },
  {
    id: 'env.own-proc',
    layer: 'environment',
    about: 'Finds variables of the host in /proc/self/environ',
    run: (f, kit) => canary(readFileSync('/proc/self/environ', 'utf8'), f, kit),
  },
  {
    id: 'env.parent-environ',
    layer: 'pid-namespace',
    about: 'Reads the environment of its parent',
    run: (f, kit) => canary(readFileSync(`/proc/${own.ppid}/environ`, 'utf8'), f, kit),
  },
  {
    id: 'env.pid1-environ',
    layer: 'environment',
    about: 'Reads the environment of process 1: of what made the sandbox',
    run: (f, kit) => canary(readFileSync('/proc/1/environ', 'utf8'), f, kit),
  },
  {
    id: 'env.any-environ',
    layer: 'pid-namespace',
    about: 'Reads the environment of every process it sees',
    run: (f, kit) =>
      canary(
        pids()
          .map((pid) => readable(`/proc/${pid}/environ`))
          .join('\n'),
        f,
        kit,
      ),
  },
  {
    id: 'env.any-cmdline',
    layer: 'pid-namespace',
    about: 'Finds paths of the host in the command line of any process it sees',
    run: (f, kit) => {
      const others = pids().filter((pid) => pid !== String(own.pid));
      const found = others.map((pid) => readable(`/proc/${pid}/cmdline`)).find((text) => text.includes(f.root));
      if (found === undefined) throw kit.denied('none shows');
      return found.replaceAll('\0', ' ').slice(0, 200);
    },
  },
  {
    id: 'env.report',
    layer: 'environment',
    about: 'Finds variables of the host in a diagnostic report of Node',
    run: (f, kit) => canary(JSON.stringify(own.report.getReport()), f, kit),
  },
  {
    id: 'env.worker',
    layer: 'environment',
    about: 'Finds variables of the host in a worker, whose environment is made anew',
    run: async (f, kit) => {
      const { SHARE_ENV, Worker } = await import('node:worker_threads');
      const code = "require('node:worker_threads').parentPort.postMessage(JSON.stringify(process.env))";
      const text = await new Promise((resolve, reject) => {
        const worker = new Worker(code, { eval: true, env: SHARE_ENV });
        worker.once('message', resolve).once('error', reject);
      });
      return canary(text, f, kit);
    },
  },
  {
    id: 'env.host-name',
    layer: 'uts-namespace',
    about: 'Learns the name of the machine',
    run: (f, kit) => {
      if (hostname() !== f.hostName) throw kit.denied(`it sees ${hostname()}`);
      return hostname();
    },
  },
  {
    id: 'env.user-name',
    layer: 'mounts',
    about: 'Learns the account of the person who runs the host',
    run: (f, kit) => {
      const told = [homedir(), userInfo().username, userInfo().homedir];
      if (!told.some((text) => text === f.hostHome || text === f.hostUser)) throw kit.denied(`it sees ${told}`);
      return told.join(' ');
    },
  },
  {
    id: 'env.interfaces',
    layer: 'net-namespace',
    about: 'Learns the addresses of the machine',
    run: (_f, kit) => {
      const names = Object.keys(networkInterfaces()).filter((name) => name !== 'lo');
      if (names.length === 0) throw kit.denied('it sees only a loopback of its own');
      return names.join(' ');
    },
  },
];
