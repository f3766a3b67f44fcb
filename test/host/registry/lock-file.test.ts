import { chmod, chown, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LockedPlugin } from '@outrigger/schemas';
import { expect, test } from 'vitest';
import { addGrant, loadLocks, lockFileOf, removeLocked, writeLocked } from '../../../host/registry/lock-file.ts';
import { testWhere } from '../../support/needs.ts';
import { writeFiles } from './write-files.ts';

const LOCKED: LockedPlugin = {
  version: '1.0.0',
  hash: `sha256-${'a'.repeat(64)}`,
  trust: 'none',
  asked: {},
  grant: {},
  time: '2026-11-21T12:00:00.000Z',
};
const lock = (plugins: object) => ({ lockVersion: 1, plugins });

test('lockFileOf() lies beside the config', () => {
  expect(lockFileOf('/a/outrigger.yaml')).toBe('/a/outrigger.lock.json');
});

test('loadLocks() takes each plugin from the strongest file that has it', async () => {
  const root = await writeFiles({
    'strong/l.json': lock({ a: { ...LOCKED, version: '2.0.0' } }),
    'weak/l.json': lock({ a: LOCKED, b: LOCKED }),
  });
  const files = [join(root, 'strong/l.json'), join(root, 'missing.json'), join(root, 'weak/l.json')];
  const { entries, problems } = await loadLocks(files, undefined);
  expect(problems).toEqual([]);
  expect([...entries].map(([name, { locked, file }]) => [name, locked.version, file])).toEqual([
    ['a', '2.0.0', files[0]],
    ['b', '1.0.0', files[2]],
  ]);
});

test.each<[string, unknown, object]>([
  ['is no JSON', '{\n  "lockVersion": 1,\n', { line: 3 }],
  ['has a wrong hash', lock({ a: { ...LOCKED, hash: 'sha256-1' } }), { line: 6, pointer: '/plugins/a/hash' }],
  ['has an unknown permission', lock({ a: { ...LOCKED, grant: { camera: true } } }), { pointer: '/plugins/a/grant/camera' }],
  ['is of a later format', { lockVersion: 2, plugins: {} }, { line: 2, pointer: '/lockVersion' }],
])('loadLocks() says where a lock file is wrong that %s, and takes nothing from it', async (_, content, problem) => {
  const root = await writeFiles({ 'l.json': content });
  const { entries, problems } = await loadLocks([join(root, 'l.json')], undefined);
  expect(entries.size).toBe(0);
  expect(problems[0]).toMatchObject({ severity: 'error', file: join(root, 'l.json'), ...problem });
});

test('loadLocks() refuses a file that everybody may write to', async () => {
  const root = await writeFiles({ 'l.json': lock({ a: LOCKED }) });
  await chmod(join(root, 'l.json'), 0o666);
  const { entries, problems } = await loadLocks([join(root, 'l.json')], undefined);
  expect([entries.size, problems[0]?.message]).toEqual([0, expect.stringContaining('everybody may write to it')]);
});

testWhere(process.getuid?.() === 0, 'not root')(
  'loadLocks() refuses the file of another user, unless the folder is that user’s own',
  async () => {
    const root = await writeFiles({ 'l.json': lock({ a: LOCKED }) });
    const file = join(root, 'l.json');
    await chown(file, 65_534, 65_534);
    expect((await loadLocks([file], undefined)).problems[0]?.message).toContain('belongs to another user (uid 65534)');
    await chown(root, 65_534, 65_534);
    expect((await loadLocks([file], undefined)).problems).toEqual([]);
    await chmod(root, 0o1777);
    expect((await loadLocks([file], undefined)).problems).toHaveLength(1);
  },
);

test('writeLocked() keeps the entries of others, in an order that depends on nothing', async () => {
  const root = await writeFiles({});
  const [one, other] = [join(root, 'one.json'), join(root, 'other.json')];
  await writeLocked(one, 'b', LOCKED);
  await writeLocked(one, 'a', { ...LOCKED, asked: { run: ['git'], env: ['A'] } });
  await writeLocked(other, 'a', { ...LOCKED, asked: { env: ['A'], run: ['git'] } });
  await writeLocked(other, 'b', LOCKED);
  const text = await readFile(one, 'utf8');
  expect(text).toBe(await readFile(other, 'utf8'));
  expect(text.endsWith('}\n')).toBe(true);
  expect((await loadLocks([one], undefined)).entries.get('a')?.locked.asked).toEqual({ env: ['A'], run: ['git'] });
});

test('writeLocked() loses no entry when several are written at one time', async () => {
  const file = join(await writeFiles({}), 'l.json');
  const names = Array.from({ length: 20 }, (_, index) => `p${index}`);
  await Promise.all(names.map((name) => writeLocked(file, name, LOCKED)));
  expect((await loadLocks([file], undefined)).entries.size).toBe(20);
});

test('writeLocked() leaves a file alone that it cannot read', async () => {
  const root = await writeFiles({ 'l.json': '{ "mine": 1 }' });
  await expect(writeLocked(join(root, 'l.json'), 'a', LOCKED)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  expect(await readFile(join(root, 'l.json'), 'utf8')).toBe('{ "mine": 1 }');
});

test('removeLocked() says whether there was an entry, and writes nothing when there was none', async () => {
  const file = join(await writeFiles({ 'l.json': lock({ a: LOCKED }) }), 'l.json');
  const before = await stat(file);
  expect(await removeLocked(file, 'b')).toBe(false);
  expect((await stat(file)).ino).toBe(before.ino);
  expect(await removeLocked(file, 'a')).toBe(true);
  expect((await loadLocks([file], undefined)).entries.size).toBe(0);
});

test('addGrant() adds to what was granted, and to nothing else', async () => {
  const file = join(await writeFiles({ 'l.json': lock({ a: { ...LOCKED, grant: { env: ['A'] } } }) }), 'l.json');
  expect(await addGrant(file, 'a', { env: ['B'], net: ['x.org'] })).toBe(true);
  expect((await loadLocks([file], undefined)).entries.get('a')?.locked).toEqual({ ...LOCKED, grant: { env: ['A', 'B'], net: ['x.org'] } });
  expect(await addGrant(file, 'nobody', { env: ['B'] })).toBe(false);
});
