import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CliPlace } from './cli-place.ts';

let place: CliPlace;

beforeEach(() => {
  place = new CliPlace();
});

afterEach(() => place.remove());

async function answer(definition: string, ...args: string[]): Promise<Record<string, unknown>> {
  const ajv = new Ajv2020({ strict: false });
  for (const name of ['trace', 'manifest', 'lock', 'cli']) {
    ajv.addSchema(JSON.parse(readFileSync(new URL(`../../schemas/${name}.schema.json`, import.meta.url), 'utf8')));
  }
  const { stdout } = await place.run([...args, '--json']);
  const document = JSON.parse(stdout) as Record<string, unknown>;
  const validate = ajv.getSchema(`urn:outrigger:schema:cli#/$defs/${definition}`);
  validate?.(document);
  expect(validate?.errors).toBe(null);
  return document;
}

function breakPlugin(name: string): void {
  place.plugin(name, { 'conda.pre_command': {} });
  writeFileSync(place.path('plugins', name, 'plugin.json'), `{\n  "name": "${name}",\n  "version": 1\n}`);
}

test('outrigger plugins list shows every plugin, broken ones with file and line', async () => {
  place.plugin('fine', { 'conda.pre_command': {} });
  breakPlugin('broken');
  const document = await answer('pluginsList', 'plugins', 'list');
  expect(document['plugins']).toMatchObject([
    { name: 'fine', state: 'enabled', trust: 'full', version: '1.0.0', hooks: ['conda.pre_command'], problems: [] },
    { name: 'broken', state: 'broken' },
  ]);
  const { code, stdout } = await place.run(['plugins', 'list']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/fine +enabled +full +– +– +1\.0\.0 +conda\.pre_command/);
  expect(stdout).toMatch(/broken: plugins\/broken\/plugin\.json:\d+:\d+: /);
  expect(place.hasStarted('fine')).toBe(false);
});

test('outrigger plugins list and show work where a required plugin keeps the host from starting', async () => {
  breakPlugin('guard');
  place.config({ plugins: { guard: { path: './plugins/guard', trust: 'full', required: true } } });
  expect(await place.run(['run', '--', 'true'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Cannot start without plugin "guard"'),
  });
  expect(await answer('pluginsList', 'plugins', 'list')).toMatchObject({ plugins: [{ name: 'guard', state: 'broken' }] });
  expect(await answer('pluginsShow', 'plugins', 'show', 'guard')).toMatchObject({ state: 'broken' });
});

test('outrigger plugins show prints all about one plugin', async () => {
  place.plugin('fine', { 'conda.pre_command': { priority: 7 } });
  expect(await answer('pluginsShow', 'plugins', 'show', 'fine')).toMatchObject({
    subscriptions: [{ hook: 'conda.pre_command', priority: 7 }],
  });
  expect((await place.run(['plugins', 'show', 'fine'])).stdout).toMatch(/command +node plugin\.mjs/);
  expect(await place.run(['plugins', 'show', 'fien'])).toMatchObject({ code: 1, stderr: expect.stringContaining('"fine"') });
});

test('outrigger plugins disable works on a broken plugin, and enable brings it back', async () => {
  breakPlugin('broken');
  expect(await answer('pluginsEdit', 'plugins', 'disable', 'broken')).toEqual({
    plugin: 'broken',
    file: place.path('outrigger.json'),
    change: 'disabled',
  });
  expect(await place.run(['run', 'true'])).toMatchObject({ code: 0, stderr: '' });
  expect((await place.run(['plugins', 'list'])).stdout).toMatch(/broken +disabled/);
  expect((await place.run(['plugins', 'enable', 'broken'])).stdout).toBe('enabled broken in outrigger.json\n');
  expect((await place.run(['plugins', 'list'])).stdout).toMatch(/broken +broken/);
});

test('outrigger plugins disable refuses a name nobody knows', async () => {
  place.plugin('fine', { 'conda.pre_command': {} });
  const before = readFileSync(place.path('outrigger.json'), 'utf8');
  expect(await place.run(['plugins', 'disable', 'fien'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('did you mean "fine"'),
  });
  expect(readFileSync(place.path('outrigger.json'), 'utf8')).toBe(before);
});

test('outrigger plugins add makes a config here, and remove takes the plugin out again', async () => {
  place.plugin('fine', { 'conda.pre_command': {} }, `() => ({ action: 'block', violation: { code: 'no', reason: 'no' } })`);
  const other = place.path('elsewhere');
  mkdirSync(other);
  const options = { cwd: other };
  expect(await place.run(['plugins', 'add', '../plugins/fine', '--config', 'own.yaml', '--trust'], options)).toMatchObject({
    code: 0,
    stderr: '',
  });
  expect(existsSync(place.path('elsewhere/own.yaml'))).toBe(true);
  expect(await place.run(['--config', 'own.yaml', 'run', 'true'], options)).toMatchObject({ code: 3 });
  expect(await place.run(['plugins', 'remove', 'fine', '--config', 'own.yaml'], options)).toMatchObject({ code: 0 });
  expect(await place.run(['--config', 'own.yaml', 'run', 'true'], options)).toMatchObject({ code: 0 });
});

test('outrigger plugins add keeps the comments of a config, and tells what happens to a plugin that is not trusted', async () => {
  place.plugin('fine', { 'conda.pre_command': {} });
  writeFileSync(place.path('outrigger.yaml'), '# mine\nplugins: {}\n');
  const done = await place.run(['plugins', 'add', 'plugins/fine']);
  expect(done).toMatchObject({ code: 0, stdout: 'added fine to outrigger.yaml\n' });
  expect(done.stderr).toContain('runs confined: it asks for nothing');
  expect(readFileSync(place.path('outrigger.yaml'), 'utf8')).toContain('# mine');
  const file = place.path('plugins/fine/plugin.json');
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), permissions: { run: ['git'] } }));
  expect((await place.run(['plugins', 'add', 'plugins/fine'])).stderr).toContain('outrigger plugins trust fine');
  expect((await place.run(['plugins', 'list'])).stdout).toMatch(/fine +untrusted/);
});

test('outrigger plugins add refuses a folder without a usable manifest, with file and line', async () => {
  breakPlugin('broken');
  const done = await place.run(['plugins', 'add', 'plugins/broken']);
  expect(done.code).toBe(1);
  expect(done.stderr).toMatch(/Cannot add plugin "plugins\/broken"[\s\S]*plugin\.json:\d+:\d+/);
  expect((await place.run(['plugins', 'add', 'nowhere'])).stderr).toContain('Cannot find a manifest');
});

test('outrigger plugins remove names a plugin that is not listed', async () => {
  place.plugin('fine', { 'conda.pre_command': {} });
  expect(await place.run(['plugins', 'remove', 'other'])).toMatchObject({ code: 1, stderr: expect.stringContaining('"other"') });
});
