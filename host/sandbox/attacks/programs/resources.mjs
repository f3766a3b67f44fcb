// Attacks on what all processes share. Each is bounded: at most 2 GiB, 64 threads, 1 GiB of disk.
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { Worker } from 'node:worker_threads';

const MB = 1 << 20;
const SPIN_MS = 4000;

/** What is clearly beyond a limit in MiB, and bearable without one. */
const moreThan = (limit) => Math.min(2048, Math.max(limit * 2, limit + 256));
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function fill(path, goal) {
  const part = Buffer.alloc(MB, 'x');
  const file = fs.openSync(path, 'w');
  for (let at = 0; at < goal; at += 1) fs.writeSync(file, part);
  fs.closeSync(file);
}

export const resources = [
  {
    id: 'res.memory',
    layer: 'cgroup',
    about: 'Takes twice the memory it may',
    bomb: true,
    ends: true,
    run: (f) => {
      const held = [];
      for (let at = 0; at < moreThan(f.limits.memoryMb); at += 16) held.push(Buffer.alloc(16 * MB, 'x'));
      return `${held.length * 16} MiB`;
    },
  },
  {
    id: 'res.memory-shared',
    layer: 'cgroup',
    about: 'The same by memory shared between workers',
    bomb: true,
    ends: true,
    run: (f) => {
      const held = [];
      for (let at = 0; at < moreThan(f.limits.memoryMb); at += 16) held.push(new Uint8Array(new SharedArrayBuffer(16 * MB)).fill(1));
      return `${held.length * 16} MiB`;
    },
  },
  {
    id: 'res.memory-wasm',
    layer: 'cgroup',
    about: 'The same by memory of WebAssembly',
    bomb: true,
    ends: true,
    run: (f) => {
      const pages = moreThan(f.limits.memoryMb) * 16;
      new Uint8Array(new WebAssembly.Memory({ initial: pages, maximum: pages }).buffer).fill(1);
      return `${pages / 16} MiB`;
    },
  },
  {
    id: 'res.threads',
    layer: 'rlimits',
    about: 'Makes more threads than it may',
    bomb: true,
    ends: true,
    run: async (f, kit) => {
      const workers = [];
      for (let at = 0; at < f.limits.pids; at += 1) {
        const worker = new Worker('setInterval(() => {}, 1000)', { eval: true, resourceLimits: { maxOldGenerationSizeMb: 8 } });
        const isUp = await new Promise((resolve) => worker.once('online', () => resolve(true)).once('error', () => resolve(false)));
        if (!isUp) throw kit.denied(`the ${at + 1}th could not be made`);
        workers.push(worker);
      }
      return `${workers.length} workers`;
    },
  },
  {
    id: 'res.cpu',
    layer: 'cgroup',
    about: 'Takes more than its share of the processors with two spinning threads',
    bomb: true,
    run: async (f, kit) => {
      if (availableParallelism() < 2) throw kit.skipped('this machine has one processor');
      const code = `const end = Date.now() + ${SPIN_MS}; while (Date.now() < end);`;
      const before = process.cpuUsage();
      const begun = performance.now();
      const worker = new Worker(code, { eval: true });
      await new Promise((resolve, reject) => worker.once('online', resolve).once('error', reject));
      while (performance.now() - begun < SPIN_MS);
      await new Promise((resolve) => worker.once('exit', resolve));
      const { user, system } = process.cpuUsage(before);
      const share = (user + system) / 1000 / (performance.now() - begun);
      if (share <= f.limits.cpu * 1.25) throw kit.denied(`${share.toFixed(2)} of ${f.limits.cpu} processors`);
      return `${share.toFixed(2)} processors`;
    },
  },
  {
    id: 'res.disk-file',
    layer: 'rlimits',
    about: 'Fills the disk with one file in the folder it may write',
    bomb: true,
    ends: true,
    run: async (f) => {
      const goal = Math.min(1024, f.limits.storageMb * 2 + 64);
      fill(`${f.write}/big`, goal);
      await later(3000);
      return `${goal} MiB`;
    },
  },
  {
    id: 'res.disk-files',
    layer: 'watchdog',
    about: 'Fills the disk with many files in the folder it may write',
    bomb: true,
    ends: true,
    run: async (f) => {
      const goal = Math.min(1024, f.limits.storageMb * 4);
      for (let at = 0; at < goal; at += 1) fill(`${f.write}/part-${at}`, 1);
      await later(3000);
      return `${goal} MiB`;
    },
  },
  {
    id: 'res.tmp-memory',
    layer: 'tmpfs-size',
    about: 'Fills its temporary folder',
    bomb: true,
    ends: true,
    run: (f) => {
      const path = `${tmpdir()}/outrigger-sandbox-test-fill`;
      try {
        fill(path, Math.min(1024, f.limits.tmpMb * 2 + 64));
      } finally {
        fs.rmSync(path, { force: true });
      }
    },
  },
  {
    id: 'res.processes',
    layer: 'rlimits',
    about: 'Makes 200 processes',
    bomb: true,
    ends: true,
    grants: { run: true },
    run: async (f, kit) => {
      let made = 0;
      for (let at = 0; at < 200; at += 1) {
        const child = spawn('/bin/sleep', ['10'], { stdio: 'ignore' });
        const isUp = await new Promise((resolve) => child.once('spawn', () => resolve(true)).once('error', () => resolve(false)));
        if (!isUp) throw kit.denied(`the ${at + 1}th could not be made`);
        made += 1;
      }
      return `${made} processes, ${f.limits.pids} allowed`;
    },
  },
  {
    id: 'res.descriptors',
    layer: 'rlimits',
    about: 'Opens more files than it may',
    run: (f) => {
      const held = [];
      while (held.length < f.limits.openFiles + 64) held.push(fs.openSync('/dev/null', 'r'));
      return `${held.length} descriptors`;
    },
  },
  {
    id: 'res.file-size',
    layer: 'rlimits',
    about: 'Makes a file of a terabyte, though without content',
    ends: true,
    run: (f) => {
      fs.writeFileSync(`${f.write}/sparse`, '');
      fs.truncateSync(`${f.write}/sparse`, 2 ** 40);
      fs.rmSync(`${f.write}/sparse`);
    },
  },
];
