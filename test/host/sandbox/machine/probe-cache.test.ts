import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { forgetProbes, type Probed, probeOnce } from '../../../../host/sandbox/machine/probe-cache.ts';
import type { Probe } from '../../../../host/sandbox/types.ts';

const WORKS: Probe = { ok: true, version: '1.2', enforces: new Set(['fs', 'net']), notes: ['a note'] };
let folder: string;
let cacheDir: string;
let program: string;
let probes: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'outrigger-probes-'));
  cacheDir = join(folder, 'cache');
  program = join(folder, 'program');
  writeFileSync(program, '');
  probes = 0;
  forgetProbes();
});

afterEach(() => rmSync(folder, { recursive: true }));

function probed(result: Probe = WORKS, name = 'bubblewrap'): Probed {
  return { name, program, probe: () => Promise.resolve(result).finally(() => probes++) };
}

/** As the next process would: with nothing in memory. */
async function anew(result?: Probe): Promise<Probe> {
  forgetProbes();
  return probeOnce(probed(result), cacheDir);
}

const file = (): string => join(cacheDir, 'sandbox-probe.json');

test('probeOnce() probes once in a process, even when asked twice at the same time', async () => {
  const both = await Promise.all([probeOnce(probed(), undefined), probeOnce(probed(), undefined)]);
  expect(both).toEqual([WORKS, WORKS]);
  await probeOnce(probed(), undefined);
  expect(probes).toBe(1);
});

test('probeOnce() reads a success of another process, and leaves a private file alone in the folder', async () => {
  await anew();
  expect(await anew({ ok: false, why: 'it must not be probed', fix: '' })).toEqual(WORKS);
  expect(probes).toBe(1);
  expect(statSync(file()).mode & 0o777).toBe(0o600);
  expect(readdirSync(cacheDir)).toEqual(['sandbox-probe.json']);
});

test('probeOnce() keeps the results of several drivers', async () => {
  await anew();
  await probeOnce(probed(WORKS, 'gvisor'), cacheDir);
  expect(Object.keys(JSON.parse(readFileSync(file(), 'utf8')))).toEqual(['bubblewrap', 'gvisor']);
});

test('probeOnce() keeps a failure for its own process only', async () => {
  const failure: Probe = { ok: false, why: 'no namespaces', fix: 'a sysctl' };
  expect(await anew(failure)).toEqual(failure);
  expect(await probeOnce(probed(), cacheDir)).toEqual(failure);
  expect(await anew()).toEqual(WORKS);
  expect(probes).toBe(2);
});

test.each<[string, () => void]>([
  ['is written anew', () => writeFileSync(program, 'other')],
  ['gets another mode', () => chmodSync(program, 0o4755)],
  [
    'is replaced by a file of the same size and time',
    () => {
      writeFileSync(`${program}.new`, '');
      renameSync(`${program}.new`, program);
    },
  ],
  ['is gone', () => rmSync(program)],
])('probeOnce() probes anew when the program %s', async (_what, change) => {
  await anew();
  change();
  await anew();
  expect(probes).toBe(2);
});

test.each<[string, () => void]>([
  ['no JSON', () => writeFileSync(file(), '{')],
  ['another boot', () => writeFileSync(file(), readFileSync(file(), 'utf8').replace(/[0-9a-f]{8}-[0-9a-f]{4}/, '00000000-0000'))],
  ['a guarantee that does not exist', () => writeFileSync(file(), readFileSync(file(), 'utf8').replace('"fs"', '"everything"'))],
  ['an entry without notes', () => writeFileSync(file(), readFileSync(file(), 'utf8').replace('"notes"', '"other"'))],
  ['too much', () => writeFileSync(file(), `${readFileSync(file(), 'utf8')}${' '.repeat(65_536)}`)],
  ['what others can write', () => chmodSync(file(), 0o622)],
  [
    'a folder',
    () => {
      rmSync(file());
      mkdirSync(file());
    },
  ],
  [
    'a link',
    () => {
      renameSync(file(), join(folder, 'elsewhere'));
      symlinkSync(join(folder, 'elsewhere'), file());
    },
  ],
])('probeOnce() probes anew when the cache holds %s', async (_what, spoil) => {
  await anew();
  spoil();
  expect(await anew()).toEqual(WORKS);
  expect(probes).toBe(2);
});

test('probeOnce() takes nothing from a folder in which others can put files', async () => {
  await anew();
  chmodSync(cacheDir, 0o777);
  await anew();
  expect(probes).toBe(2);
});
