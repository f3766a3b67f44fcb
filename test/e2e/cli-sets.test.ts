import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { document } from './cli-document.ts';
import { DaemonPlaceUnderTest } from './daemon-process.ts';

const HOOKS = { 'conda.pre_command': {} };
let place: DaemonPlaceUnderTest;

beforeEach(() => {
  place = new DaemonPlaceUnderTest();
  for (const name of ['one', 'two', 'other']) place.plugin(name, HOOKS);
  place.config({ sets: { inner: { plugins: ['one'], priority: 7 }, outer: { plugins: ['two'], sets: ['inner'], mode: 'audit' } } });
});

afterEach(() => place.clear(), 30_000);

test('outrigger sets list shows every set with its plugins, those of inner sets too', async () => {
  const one = { name: 'one', state: 'enabled' };
  expect(await document(place, 'setsList', 'sets', 'list')).toEqual({
    sets: [
      { name: 'inner', enabled: true, priority: 7, plugins: [one] },
      { name: 'outer', enabled: true, mode: 'audit', plugins: [one, { name: 'two', state: 'enabled' }] },
    ],
  });
  expect((await place.run(['sets', 'list'])).stdout).toMatch(/^outer +on +audit +one on, two on$/m);
  place.config({});
  expect((await place.run(['sets', 'list'])).stdout).toContain('There are no sets');
});

test('outrigger sets disable and enable switch the plugins of a set, but not one that its own entry switches on', async () => {
  const config = JSON.parse(readFileSync(place.path('outrigger.json'), 'utf8'));
  config.plugins.two.enabled = true;
  writeFileSync(place.path('outrigger.json'), JSON.stringify(config));
  expect(await document(place, 'setsEdit', 'sets', 'disable', 'outer')).toEqual({
    set: 'outer',
    file: place.path('outrigger.json'),
    change: 'disabled',
    plugins: [
      { name: 'one', state: 'disabled' },
      { name: 'two', state: 'enabled' },
    ],
  });
  expect(JSON.parse(readFileSync(place.path('outrigger.json'), 'utf8')).sets.outer).toEqual({ ...config.sets.outer, enabled: false });
  const { stdout } = await place.run(['sets', 'enable', 'outer']);
  expect(stdout).toBe('enabled set outer in outrigger.json\none on, two on\n');
});

test('outrigger sets disable is in force in the daemon that runs, and in its journal', async () => {
  await place.up();
  const client = await place.client();
  await client.ask('emit', { hook: 'conda.pre_command', payload: { command: 'ls', args: [] } });
  const { stdout } = await place.run(['sets', 'disable', 'outer']);
  await client.ask('emit', { hook: 'conda.pre_command', payload: { command: 'ls', args: [] } });

  expect(stdout).toContain('disabled set outer in outrigger.json; in force in the daemon that runs\n');
  expect(['one', 'two', 'other'].map((name) => place.events(name).length)).toEqual([1, 1, 2]);
  const { actions } = await document<{ actions: { action: string; detail?: string }[] }>(place, 'audit', 'audit');
  expect(actions).toContainEqual(expect.objectContaining({ action: 'disable', detail: 'set outer' }));
}, 60_000);

test('outrigger sets disable works with a broken config elsewhere, and refuses a name that no set has', async () => {
  expect(await place.run(['sets', 'disable', 'otter'])).toMatchObject({ code: 1, stderr: expect.stringContaining('did you mean "outer"') });
  writeFileSync(place.path('outrigger.json'), '{"plugins": 7, "sets": {"outer": {"plugins": []}}}');
  expect(await place.run(['sets', 'disable', 'outer'])).toMatchObject({ code: 0 });
  expect(JSON.parse(readFileSync(place.path('outrigger.json'), 'utf8'))).toEqual({
    plugins: 7,
    sets: { outer: { plugins: [], enabled: false } },
  });
});

test('outrigger completes the names of sets', async () => {
  expect((await place.run(['__complete', 'sets', 'disable', 'o'])).stdout).toBe('outer\t\n');
});
