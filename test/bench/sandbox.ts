// What a sandbox costs: a start (spawn to the first byte, sandboxed against bare, pairs of one run) and a message (round trip).
// node --conditions=@outrigger/source test/bench/sandbox.ts [pairs]
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch } from '../../host/process/launch.ts';
import type { Child, LaunchSpec } from '../../host/process/types.ts';
import { bubblewrap } from '../../host/sandbox/drivers/bubblewrap.ts';
import { enclose } from '../../host/sandbox/enclose.ts';
import { makeFolders, makePolicy } from '../../host/sandbox/policy/policy.ts';

const PAIRS = Number(process.argv[2] ?? 41);
const MESSAGES = 2000;
const folder = mkdtempSync(join(tmpdir(), 'outrigger-bench-'));
const data = mkdtempSync(join(tmpdir(), 'outrigger-bench-data-'));
const log = { debug: () => {}, info: () => {}, warn: console.warn, error: console.error };

/** Each writes a line at once and then echoes what it reads. */
const PROGRAMS: Record<string, { command: string; args: string[]; file: string; text: string }> = {
  'C (static nothing)': {
    command: join(folder, 'echo'),
    args: [],
    file: 'echo.c',
    text: '#include <unistd.h>\nint main(void){char b[65536];long n;write(1,"hi\\n",3);while((n=read(0,b,sizeof b))>0)write(1,b,n);return 0;}\n',
  },
  'Python 3': {
    command: '/usr/bin/python3',
    args: ['-u', 'echo.py'],
    file: 'echo.py',
    text: "import os\nos.write(1, b'hi\\n')\nwhile True:\n    data = os.read(0, 65536)\n    if not data: break\n    os.write(1, data)\n",
  },
  Node: {
    command: process.execPath,
    args: ['echo.mjs'],
    file: 'echo.mjs',
    text: "process.stdout.write('hi\\n');\nprocess.stdin.pipe(process.stdout);\n",
  },
};

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function firstByte(child: Child): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.stderr.on('data', (chunk: Buffer) => process.stderr.write(chunk));
    void child.exited.then((exit) => reject(new Error(`It ended first: ${JSON.stringify(exit)} ${exit.error?.message ?? ''}`)));
  });
}

async function start(begin: () => Child): Promise<{ ms: number; child: Child }> {
  const started = performance.now();
  const child = begin();
  await firstByte(child);
  return { ms: performance.now() - started, child };
}

async function end(child: Child): Promise<void> {
  child.stdin.end();
  child.signal('SIGKILL');
  await child.exited;
}

/** Microseconds a round trip of 200 bytes takes. */
async function roundTrip(child: Child): Promise<number> {
  const line = Buffer.from(`${'x'.repeat(199)}\n`);
  const started = performance.now();
  for (let sent = 0; sent < MESSAGES; sent++) {
    await new Promise<void>((resolve) => {
      let seen = 0;
      const count = (chunk: Buffer): void => {
        seen += chunk.length;
        if (seen < line.length) return;
        child.stdout.off('data', count);
        resolve();
      };
      child.stdout.on('data', count);
      child.stdin.write(line);
    });
  }
  return ((performance.now() - started) * 1000) / MESSAGES;
}

function confined(spec: LaunchSpec): Child {
  const places = { workspace: folder, config: folder, dataDir: join(data, 'data'), cacheDir: undefined, home: homedir() };
  const input = { plugin: 'bench', directory: folder, hash: undefined, granted: {}, limits: undefined, settings: undefined, places };
  const made = makePolicy(input);
  if ('refusals' in made) throw new Error(made.refusals.join('; '));
  makeFolders(made.policy);
  return enclose('bench', bubblewrap.confine(spec, made.policy), { log, onDenied: () => {} });
}

async function measure(name: string, spec: LaunchSpec): Promise<void> {
  const bare: number[] = [];
  const held: number[] = [];
  const messages: number[] = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    const one = await start(() => launch(spec));
    const other = await start(() => confined(spec));
    bare.push(one.ms);
    held.push(other.ms);
    if (pair % 8 === 0) messages.push((await roundTrip(other.child)) / (await roundTrip(one.child)));
    await end(one.child);
    await end(other.child);
  }
  const ratios = held.map((ms, pair) => ms / (bare[pair] ?? Number.NaN));
  const more = held.map((ms, pair) => ms - (bare[pair] ?? Number.NaN));
  console.log(
    `${name.padEnd(20)} bare ${median(bare).toFixed(1)} ms   sandboxed ${median(held).toFixed(1)} ms   ` +
      `+${median(more).toFixed(1)} ms   ×${median(ratios).toFixed(2)}   per message ×${median(messages).toFixed(2)}`,
  );
}

try {
  console.log(`${PAIRS} pairs, medians; ${process.getuid?.() === 0 ? 'root' : 'ordinary user'}, Node ${process.versions.node}`);
  for (const [name, { command, args, file, text }] of Object.entries(PROGRAMS)) {
    writeFileSync(join(folder, file), text);
    if (file.endsWith('.c')) spawnSync('cc', ['-O2', '-o', command, join(folder, file)], { stdio: 'inherit' });
    if (existsSync(command)) await measure(name, { plugin: 'bench', command, args, cwd: folder, env: { PATH: '/usr/bin:/bin' } });
  }
} finally {
  for (const made of [folder, data]) rmSync(made, { recursive: true, force: true });
}
