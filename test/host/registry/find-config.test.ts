import { chmod, chown, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findConfig } from '../../../host/registry/find-config.ts';
import { writeFiles } from './write-files.ts';

const isRoot = process.getuid?.() === 0;
const all = {
  'project/outrigger.yaml': '',
  'project/src/x': '',
  'user/outrigger/config.yaml': '',
  'home/.config/outrigger/config.json': '{}',
  'other.yaml': '',
};

test('findConfig() finds the project file upward and the user file below it', async () => {
  const root = await writeFiles(all);
  const found = await findConfig({
    cwd: join(root, 'project/src'),
    env: { XDG_CONFIG_HOME: join(root, 'user'), HOME: join(root, 'home') },
  });
  expect(found).toEqual({
    files: [join(root, 'project/outrigger.yaml'), join(root, 'user/outrigger/config.yaml')],
    problems: [],
    upward: join(root, 'project/outrigger.yaml'),
    above: [],
  });
});

test('findConfig() looks into ~/.config without XDG_CONFIG_HOME', async () => {
  const root = await writeFiles(all);
  const { files } = await findConfig({ cwd: join(root, 'user'), env: { HOME: join(root, 'home') } });
  expect(files).toEqual([join(root, 'home/.config/outrigger/config.json')]);
});

test('findConfig() takes OUTRIGGER_CONFIG in place of the project file', async () => {
  const root = await writeFiles(all);
  const { files } = await findConfig({ cwd: join(root, 'project'), env: { OUTRIGGER_CONFIG: join(root, 'other.yaml') } });
  expect(files).toEqual([join(root, 'other.yaml')]);
});

test('findConfig() takes an explicit file over OUTRIGGER_CONFIG, relative to cwd', async () => {
  const root = await writeFiles(all);
  const { files } = await findConfig({ explicit: 'outrigger.yaml', cwd: join(root, 'project'), env: { OUTRIGGER_CONFIG: '/nowhere' } });
  expect(files).toEqual([join(root, 'project/outrigger.yaml')]);
});

test('findConfig() finds nothing where there is nothing', async () => {
  expect(await findConfig({ cwd: await writeFiles({}), env: {} })).toEqual({ files: [], problems: [], upward: undefined, above: [] });
});

test('findConfig() refuses a file that everybody may write to', async () => {
  const root = await writeFiles(all);
  await chmod(join(root, 'project/outrigger.yaml'), 0o666);
  const { problems } = await findConfig({ cwd: join(root, 'project'), env: {} });
  expect(problems[0]?.message).toMatch(/everybody may write to it; run chmod o-w ".*outrigger.yaml"$/);
});

test('findConfig() refuses a file in a folder that everybody may write to', async () => {
  const root = await writeFiles(all);
  await chmod(join(root, 'project'), 0o777);
  const { problems } = await findConfig({ cwd: join(root, 'project'), env: {} });
  expect(problems[0]?.message).toMatch(/everybody may write to its folder; run chmod o-w/);
});

test('findConfig() accepts our own file in a sticky folder like /tmp', async () => {
  const root = await writeFiles(all);
  await chmod(join(root, 'project'), 0o1777);
  expect((await findConfig({ cwd: join(root, 'project'), env: {} })).problems).toEqual([]);
});

test('findConfig() does not ask who may write a file that was named', async () => {
  const root = await writeFiles(all);
  await chmod(join(root, 'project/outrigger.yaml'), 0o666);
  expect((await findConfig({ explicit: 'outrigger.yaml', cwd: join(root, 'project'), env: {} })).problems).toEqual([]);
});

// Only root can make a file that belongs to somebody else.
test.runIf(isRoot)('findConfig() refuses a file, a folder or a link of another user', async () => {
  const root = await writeFiles({ ...all, 'linked/x': '' });
  await chown(join(root, 'project/outrigger.yaml'), 12345, 12345);
  const foreignFile = await findConfig({ cwd: join(root, 'project'), env: {} });
  expect(foreignFile.problems[0]?.message).toMatch(
    /the file belongs to another user \(uid 12345\); if you trust it, name it with --config/,
  );
  await symlink(join(root, 'project/outrigger.yaml'), join(root, 'linked/outrigger.yaml'));
  expect((await findConfig({ cwd: join(root, 'linked'), env: {} })).problems).toHaveLength(1);
  await chown(join(root, 'project/outrigger.yaml'), 0, 0);
  await chown(join(root, 'project'), 12345, 12345);
  expect((await findConfig({ cwd: join(root, 'project'), env: {} })).problems[0]?.message).toMatch(
    /its folder ".*" belongs to another user/,
  );
});

test.runIf(isRoot)('findConfig() refuses a user file of another user, unless somebody named it', async () => {
  const root = await writeFiles(all);
  const file = join(root, 'home/.config/outrigger/config.json');
  await chown(file, 12345, 12345);
  const { problems } = await findConfig({ cwd: join(root, 'user'), env: { HOME: join(root, 'home') } });
  expect(problems).toMatchObject([{ severity: 'error', file, message: expect.stringContaining('belongs to another user (uid 12345)') }]);
  expect(await findConfig({ explicit: file, cwd: root, env: { HOME: join(root, 'home') } })).toMatchObject({ files: [file], problems: [] });
});
