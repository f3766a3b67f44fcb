import { expect, test } from 'vitest';
import type { RegisteredPlugin, Registry } from '../../../host/registry/types.ts';
import { watchPlan } from '../../../host/registry/watch-plan.ts';

function registryOf(more: Partial<Registry>): Registry {
  return { config: {}, configFiles: [], plugins: new Map(), ...more } as unknown as Registry;
}

function registered(name: string, more: object = {}): [string, RegisteredPlugin] {
  const runtime = { command: './bin/run', args: ['main', '--fast'] };
  return [name, { name, state: 'enabled', directory: `/p/${name}`, manifest: { runtime }, ...more } as unknown as RegisteredPlugin];
}

test('watchPlan() has the config files and the lock files beside them, folder by folder', () => {
  const plan = watchPlan(registryOf({ configFiles: ['/a/outrigger.yaml', '/home/config.yaml'] }));
  expect(plan).toMatchObject([
    { plugin: undefined, folder: '/a', depth: 0 },
    { plugin: undefined, folder: '/home', depth: 0 },
  ]);
  const names = ['outrigger.yaml', 'outrigger.lock.json', 'config.yaml', 'journal.db'];
  expect(names.map((name) => plan[0]?.matters(name))).toEqual([true, true, false, false]);
});

test('watchPlan() has manifests in plugin folders, so that a plugin that comes is noticed', () => {
  const [item] = watchPlan(registryOf({ config: { pluginFolders: ['/plugins'] } }));
  expect(item).toMatchObject({ plugin: undefined, folder: '/plugins', depth: 1 });
  expect(['new/plugin.yaml', 'new/main.py'].map((path) => item?.matters(path))).toEqual([true, false]);
});

test('watchPlan() has the code of plugins, what their commands name included, and not their data', () => {
  const [item] = watchPlan(registryOf({ plugins: new Map([registered('a')]) }));
  expect(item).toMatchObject({ plugin: 'a', folder: '/p/a' });
  const code = ['plugin.json', 'plugin.mjs', 'lib/part.py', 'bin/run', 'main'];
  expect(code.filter((path) => !item?.matters(path))).toEqual([]);
  expect(['started', 'state.json', 'data.db', 'out.log', '--slow'].filter((path) => item?.matters(path))).toEqual([]);
});

test('watchPlan() looks at nothing of a plugin that is switched off', () => {
  const plugins = new Map([
    registered('a', { state: 'disabled' }),
    registered('b', { state: 'without' }),
    registered('c', { state: 'broken' }),
  ]);
  expect(watchPlan(registryOf({ plugins })).map(({ plugin }) => plugin)).toEqual(['c']);
});
