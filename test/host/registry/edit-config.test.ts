import { chmod, readdir, readFile, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  addPlugin,
  removePlugin,
  setPluginEnabled,
  setPluginSettings,
  setPluginTrust,
  setSetEnabled,
} from '../../../host/registry/edit-config.ts';
import { writeFiles } from './write-files.ts';

const yaml = `# What runs here
pluginFolders: [plugins]

plugins:
  # keeps us safe
  protect:
    trust: full # reviewed in May
    config: {deny: ['rm *']}

  log:
    trust: full
sets:
  all:
    plugins:
      - protect
      - log
`;

test('setPluginEnabled() changes one line of YAML', async () => {
  const file = join(await writeFiles({ 'o.yaml': yaml }), 'o.yaml');
  const text = await setPluginEnabled(file, 'log', false);
  expect(text).toBe(yaml.replace('  log:\n    trust: full\n', '  log:\n    trust: full\n    enabled: false\n'));
  expect(await readFile(file, 'utf8')).toBe(text);
  expect(await setPluginEnabled(file, 'log', true)).toBe(text.replace('enabled: false', 'enabled: true'));
});

test('setSetEnabled() changes one line of YAML, and nothing of the plugins', async () => {
  const file = join(await writeFiles({ 'o.yaml': yaml }), 'o.yaml');
  expect(await setSetEnabled(file, 'all', false)).toBe(`${yaml}    enabled: false\n`);
});

test.each([
  ['four spaces', 'plugins:\n    a:\n        path: ./a\n'],
  ['flush lists', 'pluginFolders:\n- plugins\nplugins:\n  a:\n    path: ./a\n'],
  ['padded braces', 'sets: { s: { plugins: [ a ] } }\nplugins:\n  a:\n    path: ./a\n'],
])('setPluginEnabled() keeps %s', async (_, text) => {
  const file = join(await writeFiles({ 'o.yaml': text }), 'o.yaml');
  const indent = /^ +(?=path)/m.exec(text)?.[0];
  expect(await setPluginEnabled(file, 'a', false)).toBe(`${text}${indent}enabled: false\n`);
});

test('setPluginEnabled() keeps the indentation of JSON', async () => {
  const file = join(await writeFiles({ 'o.json': '{\n\t"plugins": {\n\t\t"a": {}\n\t}\n}\n' }), 'o.json');
  expect(await setPluginEnabled(file, 'a', false)).toBe('{\n\t"plugins": {\n\t\t"a": {\n\t\t\t"enabled": false\n\t\t}\n\t}\n}\n');
});

test.each(['o.yaml', 'o.json'])('addPlugin() creates %s, and removePlugin() takes the plugin out again', async (name) => {
  const folder = await writeFiles({});
  const file = join(folder, 'new', name);
  expect(await addPlugin(file, { name: 'a', path: './a', trust: 'full' })).toMatch(/"?path"?: "?\.\/a"?/);
  await addPlugin(file, { name: 'b', path: './b' });
  expect(await removePlugin(file, 'a')).not.toContain('./a');
  expect(await readdir(join(folder, 'new'))).toEqual([name]);
});

test('addPlugin() fills a plugins key that holds nothing', async () => {
  const file = join(await writeFiles({ 'o.yaml': '# mine\nplugins:\n' }), 'o.yaml');
  expect(await addPlugin(file, { name: 'a', path: './a' })).toBe('# mine\nplugins:\n  a:\n    path: ./a\n');
});

test('addPlugin() of a plugin that is there changes path and trust only', async () => {
  const file = join(await writeFiles({ 'o.yaml': yaml }), 'o.yaml');
  const text = await addPlugin(file, { name: 'protect', path: './p', trust: 'none' });
  expect(text).toContain('trust: none # reviewed in May');
  expect(text).toContain("config: {deny: ['rm *']}");
});

test('removePlugin() says when there is nothing to remove', async () => {
  const file = join(await writeFiles({ 'o.yaml': yaml }), 'o.yaml');
  await expect(removePlugin(file, 'nobody')).rejects.toMatchObject({ code: 'PLUGIN_UNKNOWN' });
  expect(await readFile(file, 'utf8')).toBe(yaml);
});

test('setPluginEnabled() leaves a broken file alone', async () => {
  const file = join(await writeFiles({ 'o.yaml': 'a: 1\na: 2\n' }), 'o.yaml');
  await expect(setPluginEnabled(file, 'x', true)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(/line 2: /),
  });
  expect(await readFile(file, 'utf8')).toBe('a: 1\na: 2\n');
});

test('setPluginEnabled() does not make up a file', async () => {
  const file = join(await writeFiles({}), 'o.yaml');
  await expect(setPluginEnabled(file, 'x', true)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});

test('setPluginEnabled() keeps the mode of the file, and a link a link', async () => {
  const folder = await writeFiles({ 'real.yaml': yaml });
  await chmod(join(folder, 'real.yaml'), 0o600);
  await symlink('real.yaml', join(folder, 'o.yaml'));
  await setPluginEnabled(join(folder, 'o.yaml'), 'log', false);
  expect((await stat(join(folder, 'real.yaml'))).mode & 0o777).toBe(0o600);
  expect(await readFile(join(folder, 'real.yaml'), 'utf8')).toContain('enabled: false');
});

test('setPluginTrust() writes trust, and takes it and the grant out again, in YAML and in JSON', async () => {
  const config = { plugins: { log: { path: './log', grant: { env: ['A'] } } } };
  const root = await writeFiles({ 'o.yaml': yaml, 'o.json': config });
  expect(await setPluginTrust(join(root, 'o.yaml'), 'protect', { trust: undefined, grant: undefined })).toBe(
    yaml.replace('    trust: full # reviewed in May\n', ''),
  );
  const json = JSON.parse(await setPluginTrust(join(root, 'o.json'), 'log', { trust: 'full', grant: undefined }));
  expect(json).toEqual({ plugins: { log: { path: './log', trust: 'full' } } });
});

test('setPluginTrust() lists a plugin that was merely found', async () => {
  const root = await writeFiles({ 'o.yaml': 'pluginFolders: [plugins]\n', 'o.json': { pluginFolders: ['plugins'] } });
  expect(await setPluginTrust(join(root, 'o.yaml'), 'new', {})).toContain('plugins:\n  new: {}\n');
  expect(JSON.parse(await setPluginTrust(join(root, 'o.json'), 'new', {}))).toMatchObject({ plugins: { new: {} } });
});

test('setPluginSettings() writes below an entry and leaves its neighbours and comments alone, in YAML', async () => {
  const file = join(await writeFiles({ 'o.yaml': yaml }), 'o.yaml');
  const text = await setPluginSettings(file, 'log', { within: ['hooks', 'app.save'], settings: { mode: 'audit', priority: 3 } });
  const added = '  log:\n    trust: full\n    hooks:\n      app.save:\n        mode: audit\n        priority: 3\n';
  expect(text).toBe(yaml.replace('  log:\n    trust: full\n', added));
});

test('setPluginSettings() writes below an entry in JSON, and makes the entry when there is none', async () => {
  const file = join(await writeFiles({ 'o.json': '{"plugins": {"a": {"config": {"x": 1}}}}' }), 'o.json');
  await setPluginSettings(file, 'a', { within: ['config'], settings: { y: [2] } });
  const text = await setPluginSettings(file, 'b', { within: [], settings: { mode: 'audit' } });
  expect(JSON.parse(text)).toEqual({ plugins: { a: { config: { x: 1, y: [2] } }, b: { mode: 'audit' } } });
});

test.each([
  ['o.yaml', '- a\n- b\n', 'it must hold settings by name; got ["a","b"]'],
  ['o.yaml', 'plugins: [log]\n', '"plugins" must hold settings by name; got ["log"]'],
  ['o.yaml', 'plugins: { log: ./log }\n', '"plugins.log" must hold settings by name; got "./log"'],
  ['o.json', '[1]\n', 'it must hold settings by name; got [1]'],
  ['o.json', '{"plugins":["log"]}\n', '"plugins" must hold settings by name; got ["log"]'],
])('setPluginEnabled() loses nothing of %s that says %j', async (name, text, why) => {
  const file = join(await writeFiles({ [name]: text }), name);

  await expect(setPluginEnabled(file, 'log', true)).rejects.toThrow(`Cannot change "${file}": ${why}`);
  expect(await readFile(file, 'utf8')).toBe(text);
});

test.each([
  ['o.yaml', 'plugins: [log]\n'],
  ['o.json', '[]\n'],
])('removePlugin() loses nothing of %s that says %j', async (name, text) => {
  const file = join(await writeFiles({ [name]: text }), name);

  await expect(removePlugin(file, 'log')).rejects.toThrow('must hold settings by name');
  expect(await readFile(file, 'utf8')).toBe(text);
});

test('addPlugin() begins a config that says null', async () => {
  const file = join(await writeFiles({ 'o.json': 'null\n' }), 'o.json');

  expect(JSON.parse(await addPlugin(file, { name: 'log', path: './log' }))).toEqual({ plugins: { log: { path: './log' } } });
});

test('removePlugin() removes an entry that is a mistake', async () => {
  const file = join(await writeFiles({ 'o.yaml': 'plugins: { log: ./log }\n' }), 'o.yaml');

  expect(await removePlugin(file, 'log')).toBe('plugins: {}\n');
});
