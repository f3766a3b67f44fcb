import { expect, test } from 'vitest';
import { blindMatch } from '../../../host/registry/blind-match.ts';
import { loadRegistry } from '../../../host/registry/load-registry.ts';
import type { Sensitivity } from '../../../host/registry/types.ts';
import { loadHook } from '../../support/events.ts';
import { subscription } from './make-subscription.ts';
import { manifest, writeFiles } from './write-files.ts';

const payload = {
  type: 'object',
  properties: {
    title: { type: 'string' },
    token: { type: 'string', 'x-sensitive': 'secret' },
    user: { type: 'object', properties: { mail: { type: 'string' }, name: { type: 'string' } }, 'x-sensitive': 'personal' },
    names: { type: 'array', items: { type: 'string', 'x-sensitive': 'personal' } },
  },
};

async function blind(field: string, sees: Sensitivity[] = []): Promise<string | undefined> {
  const hook = await loadHook({ payload });
  return blindMatch(hook, subscription('x', { hook: hook.name, match: [{ title: 'a' }, { [field]: 'a*' }], sees }));
}

test.each([
  ['a hidden field', 'token', 'secret'],
  ['a hidden field by pointer', '/token', 'secret'],
  ['a part of a hidden field', '/user/mail', 'personal'],
  ['a list of hidden items', 'names', 'personal'],
  ['one hidden item', '/names/0', 'personal'],
])('blindMatch() finds a filter on %s', async (_, field, kind) => {
  const message = `"match" looks at "${field}" of "app.save", which is marked "${kind}": that needs the permission "sensitive: [${kind}]"`;
  expect(await blind(field)).toBe(message);
});

test('blindMatch() allows a filter on what the plugin may see', async () => {
  expect(await blind('token', ['secret'])).toBeUndefined();
  expect(await blind('/user/mail', ['secret'])).toContain('personal');
  expect(await blind('/names/length')).toBeUndefined();
});

test('blindMatch() breaks a plugin that filters on a field it was not granted', async () => {
  const hooks = { save: { description: 'Saves.', payload } };
  const load = async (permissions: object) => {
    const root = await writeFiles({
      'x/plugin.json': manifest('x', { hooks: { 'app.save': { match: { token: 'a*' } } }, permissions }),
      'app/catalog.json': { name: 'app', hooks },
      'outrigger.json': { catalogs: ['./app'], plugins: { x: { path: './x', trust: 'full' } } },
    });
    const registry = await loadRegistry({ cwd: root, env: {} });
    return { plugin: registry.plugins.get('x'), heard: registry.subscriptions.get('app.save')?.length ?? 0 };
  };
  const { plugin, heard } = await load({});
  expect([plugin?.state, heard]).toEqual(['broken', 0]);
  expect(plugin?.reason).toMatch(/^\/hooks\/app\.save: "match" looks at "token".* needs the permission "sensitive: \[secret\]"$/);
  expect(plugin?.problems).toMatchObject([{ severity: 'error', plugin: 'x', file: expect.stringContaining('plugin.json') }]);
  const granted = await load({ sensitive: ['secret'] });
  expect([granted.plugin?.state, granted.heard]).toEqual(['enabled', 1]);
});
