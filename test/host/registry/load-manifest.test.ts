import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadManifest } from '../../../host/registry/load-manifest.ts';
import { manifest, writeFiles } from './write-files.ts';

// Placeholders of permissions, which the host fills in.
const [workspace, data, config] = ['workspace', 'data', 'config'].map((name) => `$${`{${name}}`}`);

const hooks = (settings: object) => ({ hooks: { 'conda.pre_command': settings } });

test.each<[string, object, string, RegExp]>([
  ['a newer protocol', { protocol: 2 }, '/protocol', /needs a newer host/],
  ['before itself', hooks({ before: ['x'] }), '/hooks/conda.pre_command/before', /cannot run before itself/],
  [
    'both before and after one name',
    hooks({ before: ['y'], after: ['y'] }),
    '/hooks/conda.pre_command/before',
    /"y" stands in "after" too/,
  ],
  ['a command outside its folder', { runtime: { command: './../evil' } }, '/runtime/command', /begins with ".\/"/],
  ['a relative command', { runtime: { command: 'bin/run' } }, '/runtime/command', /begins with ".\/"/],
  ['a NUL in an argument', { runtime: { command: 'node', args: ['a\0b'] } }, '/runtime/args', /NUL/],
  ['a relative path asked for', { permissions: { fs: { read: ['secrets'] } } }, '/permissions/fs/read/0', /absolute path/],
  ['a path that climbs', { optionalPermissions: { fs: { write: [`${data}/../..`] } } }, '/optionalPermissions/fs/write/0', /without ".."/],
  [
    'a hostile config schema',
    { configSchema: { properties: { a: { pattern: '(a+)+$' } } } },
    '/configSchema',
    /"pattern" at \/properties\/a/,
  ],
  ['a priority that is a text', hooks({ priority: 'high' }), '/hooks/conda.pre_command/priority', /must be a whole number; got "high"/],
  ['an unknown key', { comand: 'node' }, '/comand', /is not known here/],
  ['a name with capitals', { name: 'Hello' }, '/name', /must match/],
  ['no hooks', { hooks: {} }, '/hooks', /must not be empty/],
  ['a glob of 300 characters', hooks({ runFor: ['*'.repeat(300)] }), '/hooks/conda.pre_command/runFor/0', /at most 256/],
])('loadManifest() refuses %s', async (_, changes, pointer, message) => {
  const folder = await writeFiles({ 'plugin.json': manifest('x', changes) });
  const { value, problems } = await loadManifest(folder, undefined);
  expect(value).toBeUndefined();
  expect(problems[0]).toMatchObject({ severity: 'error', file: join(folder, 'plugin.json'), pointer });
  expect(problems[0]?.line).toBeGreaterThan(0);
  expect(problems[0]?.message).toMatch(message);
});

test('loadManifest() accepts paths that are rooted or begin with a placeholder', async () => {
  const permissions = { fs: { read: ['/etc/hosts', `${workspace}`, `${config}/x`], write: [`${data}/cache`] } };
  const folder = await writeFiles({ 'plugin.json': manifest('x', { permissions }) });
  expect((await loadManifest(folder, undefined)).problems).toEqual([]);
});

test.each(['plugin.yaml', 'plugin.yml', 'plugin.json'])('loadManifest() finds %s', async (name) => {
  const folder = await writeFiles({ [name]: manifest('x') });
  expect((await loadManifest(folder, undefined)).file).toBe(join(folder, name));
});

test('loadManifest() warns of a second manifest and uses the first', async () => {
  const folder = await writeFiles({ 'plugin.yaml': manifest('first'), 'plugin.json': manifest('second') });
  const { value, problems } = await loadManifest(folder, undefined);
  expect(value?.name).toBe('first');
  expect(problems.map(({ severity, file }) => [severity, file])).toEqual([['warning', join(folder, 'plugin.json')]]);
});

test('loadManifest() says what it looked for in a folder without one', async () => {
  const folder = await writeFiles({});
  const { file, problems } = await loadManifest(folder, undefined);
  expect(file).toBeUndefined();
  expect(problems[0]?.message).toMatch(/expected plugin.yaml, plugin.yml or plugin.json$/);
});
