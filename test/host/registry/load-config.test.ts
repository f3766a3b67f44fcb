import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { formatProblem, loadConfig } from '../../../host/registry/load-config.ts';
import { writeFiles } from './write-files.ts';

test('loadConfig() merges project over user and places each field in its file', async () => {
  const root = await writeFiles({
    'project/outrigger.yaml': 'plugins:\n  a: {priority: 1}\n',
    'user/outrigger/config.yaml': 'plugins:\n  a: {priority: 9, trust: full}\n  b:\n    path: plugins/b\n',
  });
  const loaded = await loadConfig({ cwd: join(root, 'project'), env: { XDG_CONFIG_HOME: join(root, 'user') } });
  expect(loaded.config.plugins).toEqual({ a: { priority: 1, trust: 'full' }, b: { path: join(root, 'user/outrigger/plugins/b') } });
  expect(await loaded.place('/plugins/a/priority')).toEqual({
    file: join(root, 'project/outrigger.yaml'),
    line: 2,
    column: 7,
    pointer: '/plugins/a/priority',
  });
  expect(await loaded.place('/plugins/b/path')).toMatchObject({ file: join(root, 'user/outrigger/config.yaml'), line: 4 });
});

test('loadConfig() throws CONFIG_INVALID with every mistake as file:line:column: pointer: message', async () => {
  const root = await writeFiles({ 'outrigger.yaml': 'plugins:\n  a: {priorty: 1}\nlimits:\n  emitDepth: 0\n' });
  const file = join(root, 'outrigger.yaml');
  await expect(loadConfig({ cwd: root, env: {} })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: [
      `Cannot use the configuration: ${file}:2:7: /plugins/a/priorty: is not known here; did you mean "priority"?`,
      `${file}:4:3: /limits/emitDepth: must be at least 1; got 0`,
    ].join('\n'),
  });
});

test('loadConfig() throws for a named file that is missing', async () => {
  await expect(loadConfig({ config: 'missing.yaml', cwd: await writeFiles({}), env: {} })).rejects.toThrow(/missing.yaml": ENOENT/);
});

test('loadConfig() takes an object, checked like a file', async () => {
  expect((await loadConfig({ config: { pluginFolders: ['p'] }, cwd: '/projects', env: {} })).config).toEqual({
    pluginFolders: ['/projects/p'],
  });
  await expect(loadConfig({ config: { limits: { emitDepth: 0 } }, cwd: '/', env: {} })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});

test('loadConfig() with false looks for nothing', async () => {
  const root = await writeFiles({ 'outrigger.yaml': 'garbage: true\n' });
  expect(await loadConfig({ config: false, cwd: root, env: { OUTRIGGER_DATA_DIR: '/data' } })).toMatchObject({
    config: { dataDir: '/data' },
    files: [],
  });
});

test('formatProblem() leaves out what is not known', () => {
  expect(formatProblem({ severity: 'error', message: 'm' })).toBe('m');
  expect(formatProblem({ severity: 'error', file: '/f', message: 'm' })).toBe('/f: m');
});

test.each([
  ['a trace file elsewhere', 'traces: { file: ../elsewhere.jsonl }\n', '/traces/file'],
  ['a data folder elsewhere', 'dataDir: /var/lib/elsewhere\n', '/dataDir'],
  ['a way out through a link', 'dataDir: out/data\n', '/dataDir'],
])('loadConfig() refuses a config found upward that asks for %s', async (_, text, pointer) => {
  const root = await writeFiles({ 'project/outrigger.yaml': text });
  await symlink(root, join(root, 'project/out'));

  await expect(loadConfig({ cwd: join(root, 'project'), env: {} })).rejects.toThrow(`${pointer}: `);
  expect((await loadConfig({ cwd: root, env: {}, config: join(root, 'project/outrigger.yaml') })).files).toHaveLength(1);
});

test('loadConfig() lets a config found upward write inside its own folder', async () => {
  const root = await writeFiles({ 'outrigger.yaml': 'dataDir: .outrigger/data\ntraces: { file: .outrigger/traces.jsonl }\n' });

  expect((await loadConfig({ cwd: root, env: {} })).config.dataDir).toBe(join(root, '.outrigger/data'));
});
