import { expect, test } from 'vitest';
import { Audience } from '../../../host/dispatcher/audience.ts';
import { handler, loadHook, MemoryPlugin, plugin } from '../../support/events.ts';

const names = (plan: ReturnType<Audience['plan']>): string[] => plan.ordered.map(({ subscription }) => subscription.plugin);

test('Audience hears what the scopes around it hear, and not the reverse', async () => {
  const hook = await loadHook();
  const outer = new Audience();
  const inner = new Audience(outer);
  outer.add(hook, plugin(hook, new MemoryPlugin('everywhere')));
  inner.add(hook, plugin(hook, new MemoryPlugin('here')));

  expect(names(inner.plan(hook))).toEqual(['everywhere', 'here']);
  expect(names(outer.plan(hook))).toEqual(['everywhere']);
});

test('Audience keeps a plan until somebody comes or goes', async () => {
  const hook = await loadHook();
  const outer = new Audience();
  const inner = new Audience(outer);
  const remove = outer.add(hook, plugin(hook, new MemoryPlugin('a')));
  const plan = inner.plan(hook);

  expect(inner.plan(hook)).toBe(plan);
  remove();
  expect(names(inner.plan(hook))).toEqual([]);
});

test('Audience removes a participant once', async () => {
  const hook = await loadHook();
  const audience = new Audience();
  const remove = audience.add(hook, plugin(hook, new MemoryPlugin('a')));
  audience.add(hook, plugin(hook, new MemoryPlugin('b')));
  remove();
  const { version } = audience;

  remove();

  expect(audience.version).toBe(version);
  expect(names(audience.plan(hook))).toEqual(['b']);
});

test('Audience adds nothing when a handler would close a circle', async () => {
  const hook = await loadHook();
  const audience = new Audience();
  audience.add(hook, plugin(hook, new MemoryPlugin('a'), { before: ['mine'] }));

  expect(() =>
    audience.add(
      hook,
      handler(hook, 'mine', () => undefined, { before: ['a'] }),
    ),
  ).toThrow(expect.objectContaining({ code: 'ORDER_CYCLE' }));
  expect(names(audience.plan(hook))).toEqual(['a']);
});

test('Audience in which nobody joins shares the plan of the scope around it', async () => {
  const hook = await loadHook();
  const outer = new Audience();
  const inner = new Audience(outer);
  outer.add(hook, plugin(hook, new MemoryPlugin('a')));

  expect(inner.plan(hook)).toBe(outer.plan(hook));
  const remove = inner.add(hook, plugin(hook, new MemoryPlugin('b')));
  expect(names(inner.plan(hook))).toEqual(['a', 'b']);
  remove();
  expect(inner.plan(hook)).toBe(outer.plan(hook));
});
