// Attacks on other processes, and on descriptors and terminals that came along.
import { execFileSync, fork, spawn, spawnSync } from 'node:child_process';
import cluster from 'node:cluster';
import * as fs from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';

function opened(path, flags) {
  fs.closeSync(fs.openSync(path, flags));
  return `${path} was opened`;
}

async function started(child) {
  await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  child.kill('SIGKILL');
  return `process ${child.pid}`;
}

function strays() {
  return fs
    .readdirSync('/proc/self/fd')
    .map(Number)
    .filter((number) => number > 2);
}

export const processes = [
  {
    id: 'proc.see-host',
    layer: 'pid-namespace',
    about: 'Sees the host process in /proc',
    run: (f, kit) => {
      const command = fs.readFileSync(`/proc/${f.hostPid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      if (!command.includes('attack-host')) throw kit.denied('another process has this number here');
      return command;
    },
  },
  {
    id: 'proc.signal-host',
    layer: 'pid-namespace',
    about: 'Sends the host a signal',
    run: (f) => void process.kill(f.hostPid, 'SIGUSR2'),
  },
  {
    id: 'proc.kill-victim',
    layer: 'pid-namespace',
    about: 'Ends a process of the same user',
    run: (f) => void process.kill(f.victimPid, 'SIGKILL'),
  },
  {
    id: 'proc.kill-parent',
    layer: 'pid-namespace',
    about: 'Reaches what started it; signal 0 does no harm',
    run: (_f, kit) => {
      if (process.ppid <= 1) throw kit.denied('it has no parent outside');
      process.kill(process.ppid, 0);
    },
  },
  {
    id: 'proc.kill-all',
    layer: 'pid-namespace',
    about: 'Reaches other processes by kill(-1); signal 0 does no harm',
    run: () => void process.kill(-1, 0),
  },
  {
    id: 'proc.kill-group',
    layer: 'session',
    about: 'Ends what started it by a signal to its process group',
    run: (_f, kit) => {
      process.on('SIGTERM', () => undefined);
      process.kill(0, 'SIGTERM');
      throw kit.denied('sent; the host looks whether the wrapper still lives');
    },
  },
  {
    id: 'proc.debug-host',
    layer: 'pid-namespace',
    about: 'Opens the debugger of the host, by which it would run any code there',
    run: (f) => void process._debugProcess(f.victimPid),
  },
  {
    id: 'proc.renice-host',
    layer: 'pid-namespace',
    about: 'Slows another process by its priority',
    run: (f) => setPriority(f.victimPid, getPriority(f.victimPid) + 1),
  },
  {
    id: 'proc.mem',
    layer: 'pid-namespace',
    about: 'Opens the memory of a process of the same user',
    run: (f) => opened(`/proc/${f.victimPid}/mem`, 'r+'),
  },
  {
    id: 'proc.core-pattern',
    layer: 'mounts',
    about: 'Opens the setting that names the program run as root for every crash',
    run: () => opened('/proc/sys/kernel/core_pattern', 'r+'),
  },
  {
    id: 'proc.sysrq',
    layer: 'mounts',
    about: 'Opens the switch that restarts the machine; nothing is written',
    run: () => opened('/proc/sysrq-trigger', fs.constants.O_WRONLY),
  },
  {
    id: 'proc.spawn',
    layer: 'seccomp',
    about: 'Starts a program, though it was granted none',
    run: () => started(spawn('/bin/sleep', ['5'], { stdio: 'ignore' })),
  },
  {
    id: 'proc.exec-file',
    layer: 'seccomp',
    about: 'The same, waiting for its output',
    run: (f) => execFileSync('/bin/cat', [f.readFile], { encoding: 'utf8', timeout: 5000 }),
  },
  {
    id: 'proc.shell',
    layer: 'seccomp',
    about: 'The same by a shell',
    run: () => {
      const { error, stdout } = spawnSync('echo started', { shell: true, encoding: 'utf8', timeout: 5000 });
      if (error) throw error;
      return stdout;
    },
  },
  {
    id: 'proc.fork',
    layer: 'seccomp',
    about: 'Starts another Node, though it was granted none',
    run: () => started(fork(fileURLToPath(import.meta.url), { stdio: 'ignore' })),
  },
  {
    id: 'proc.cluster',
    layer: 'seccomp',
    about: 'Starts workers of a cluster, though it was granted none',
    run: async () => {
      cluster.setupPrimary({ exec: fileURLToPath(import.meta.url), silent: true });
      return started(cluster.fork().process);
    },
  },
  {
    id: 'proc.exec-replace',
    layer: 'node-permission',
    about: 'Becomes another program without a new process (execve)',
    run: (_f, kit) => {
      if (typeof process.execve !== 'function') throw kit.skipped('this Node cannot');
      const line = `${JSON.stringify({ id: 'proc.exec-replace', verdict: 'ALLOWED', detail: 'it became a shell' })}`;
      process.execve('/bin/sh', ['sh', '-c', `echo '${line}'`], {});
    },
  },
  {
    id: 'proc.setuid',
    layer: 'capabilities',
    about: 'Becomes another user',
    run: () => process.setuid(12345),
  },
  {
    id: 'proc.cat-outside',
    layer: 'mounts',
    about: 'Reads outside by a program that no model of Node governs',
    grants: { run: true },
    run: (f, kit) => {
      const { error, status, stdout, stderr } = spawnSync('/bin/cat', [f.outsideFile], { encoding: 'utf8', timeout: 5000 });
      if (error) throw error;
      if (status !== 0) throw kit.denied(stderr.trim());
      return stdout;
    },
  },
  {
    id: 'proc.detached-signal',
    layer: 'pid-namespace',
    about: 'Ends a process of the same user by a program that no model of Node governs',
    grants: { run: true },
    run: (f, kit) => {
      const { error, status, stderr } = spawnSync('/bin/sh', ['-c', `kill -9 ${f.victimPid}`], { encoding: 'utf8', timeout: 5000 });
      if (error) throw error;
      if (status !== 0) throw kit.denied(stderr.trim());
    },
  },
  {
    id: 'fd.inherited',
    layer: 'descriptors',
    about: 'Reads a secret file by a descriptor the host left open',
    run: (f, kit) => {
      if (!f.hasStray) throw kit.skipped('the host could leave none open');
      const buffer = Buffer.alloc(4096);
      for (const number of strays()) {
        try {
          const found = buffer.toString('utf8', 0, fs.readSync(number, buffer, 0, 4096, 0));
          if (found.includes(f.descriptorMark)) return found;
        } catch {
          // No file, or closed meanwhile.
        }
      }
      throw kit.denied('nothing readable came along');
    },
  },
  {
    id: 'fd.host-fd',
    layer: 'pid-namespace',
    about: 'Opens a descriptor of the host by /proc',
    run: (f) => fs.readdirSync(`/proc/${f.hostPid}/fd`).join(' '),
  },
  {
    id: 'tty.controlling',
    layer: 'session',
    about: 'Opens the terminal from which the host was started',
    run: () => opened('/dev/tty', fs.constants.O_RDWR | fs.constants.O_NOCTTY),
  },
  {
    id: 'tty.ptmx',
    layer: 'mounts',
    about: 'Opens a terminal of its own beside those of people',
    run: () => opened('/dev/ptmx', fs.constants.O_RDWR | fs.constants.O_NOCTTY),
  },
  {
    id: 'ipc.posix-shm',
    layer: 'mounts',
    about: 'Reads POSIX shared memory of the host',
    run: (f, kit) => {
      if (f.posixMemory === null) throw kit.skipped('the host could make none');
      return fs.readFileSync(f.posixMemory, 'utf8');
    },
  },
  {
    id: 'res.priority',
    layer: 'capabilities',
    about: 'Puts itself before all others',
    run: () => setPriority(constants.priority.PRIORITY_HIGH),
  },
];
