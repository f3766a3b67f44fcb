import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LogFile } from '../../../../host/daemon/control/log-file.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-log-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

test('LogFile goes on behind what is there, and keeps two files of a bounded size', async () => {
  const file = join(folder, 'daemon.log');
  await writeFile(file, 'earlier\n');
  const log = new LogFile(file, 100);
  for (let line = 0; line < 50; line++) log.write(`line ${line}\n`);
  log.close();
  const [now, before] = [await readFile(file, 'utf8'), await readFile(`${file}.1`, 'utf8')];
  expect(now.length).toBeLessThanOrEqual(100);
  expect(before.length).toBeLessThanOrEqual(100);
  expect(`${before}${now}`).toMatch(/^line \d+\n(line \d+\n)*line 49\n$/);
  expect(await readdir(folder)).toHaveLength(2);
  expect(log.lost).toBe(0);
});

test('LogFile makes a file that only this user reads', async () => {
  const file = join(folder, 'daemon.log');
  new LogFile(file).close();
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test.runIf(process.platform === 'linux')('LogFile counts what a full disk did not take, and throws nothing', () => {
  const log = new LogFile('/dev/full');
  log.write('lost\n');
  log.close();
  expect(log.lost).toBe(1);
});

test('LogFile follows no link, which somebody else may lead to a file of ours', async () => {
  const file = join(folder, 'daemon.log');
  await symlink(join(folder, 'other'), file);
  expect(() => new LogFile(file)).toThrow(expect.objectContaining({ code: 'STORAGE_FAILED' }));
  expect(await readdir(folder)).toEqual(['daemon.log']);
});

test('LogFile begins anew at its place when the file was moved, or its folder removed', async () => {
  const file = join(folder, 'below', 'daemon.log');
  await mkdir(join(folder, 'below'));
  const log = new LogFile(file);
  log.write('one\n');
  await rename(file, `${file}.old`);
  log.write('two\n');
  const moved = [await readFile(`${file}.old`, 'utf8'), await readFile(file, 'utf8')];
  await rm(join(folder, 'below'), { recursive: true });
  log.write('three\n');
  log.close();
  expect([...moved, await readFile(file, 'utf8')]).toEqual(['one\n', 'two\n', 'three\n']);
  expect(log.lost).toBe(0);
});
