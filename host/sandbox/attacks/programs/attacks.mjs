// Runs one attack on the sandbox it is in. `list` prints what there is, `layers` what it sees of its confinement; `run ID` reads the
// fixtures from stdin and prints one line.
import { readFileSync, writeSync } from 'node:fs';
import { environment } from './environment.mjs';
import { files } from './files.mjs';
import { layers } from './layers.mjs';
import { persistence } from './persistence.mjs';
import { processes } from './processes.mjs';
import { resources } from './resources.mjs';
import { runtime } from './runtime.mjs';
import { sockets } from './sockets.mjs';

const CATEGORIES = {
  fs: 'files',
  env: 'environment',
  proc: 'processes',
  fd: 'descriptors',
  tty: 'terminals',
  net: 'sockets',
  js: 'runtime',
  ipc: 'ipc',
  res: 'resources',
  keep: 'persistence',
};

const ATTACKS = [...environment, ...files, ...persistence, ...processes, ...resources, ...runtime, ...sockets];

/** The attack ran and got nothing. */
class Denied extends Error {}

/** This machine has not got what the attack is about. */
class Skipped extends Error {}

const kit = {
  denied: (text) => new Denied(text),
  skipped: (text) => new Skipped(text),
};

async function main([verb, id]) {
  if (verb === 'list') return say(ATTACKS.map(({ run: _, ...facts }) => ({ ...facts, category: CATEGORIES[facts.id.split('.')[0]] })));
  if (verb === 'layers') {
    say(layers());
    // The host looks at this process while it waits.
    return void readFileSync(0);
  }
  const attack = ATTACKS.find((one) => one.id === id);
  const fixtures = JSON.parse(readFileSync(0, 'utf8').split('\n')[0]);
  say({ id, ...(await outcome(attack.run, fixtures)) });
}

/** A crash is no denial: it is reported as one. */
async function outcome(run, fixtures) {
  try {
    return { verdict: 'ALLOWED', detail: String((await run(fixtures, kit)) ?? 'it worked') };
  } catch (error) {
    if (error instanceof Skipped) return { verdict: 'SKIPPED', detail: error.message };
    const isRefusal = error instanceof Denied || typeof error?.code === 'string' || error?.name === 'AbortError';
    return { verdict: isRefusal ? 'DENIED' : 'ERROR', detail: `${error?.code ?? ''} ${error?.message ?? error}`.trim().slice(0, 300) };
  }
}

function say(value) {
  let line = Buffer.from(`${JSON.stringify(value)}\n`);
  while (line.length > 0) line = line.subarray(writeSync(1, line));
}

await main(process.argv.slice(2));
// Not an orderly end: what an attack left open must not hold it up.
process.reallyExit(0);
