import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Handler } from '../../../host/daemon/types.ts';
import { DRAFT, Hosts } from '../../support/hosts.ts';

let hosts = new Hosts();
beforeEach(() => {
  hosts = new Hosts();
});
afterEach(() => hosts.close());

const SESSION = { scope: 'session' } as const;

/** Who answered, in order. */
const askedBy = (outcome: { trace: { answers: { plugin: string }[] } }): string[] => outcome.trace.answers.map(({ plugin }) => plugin);

test('two open sessions do not see each other’s plugins', async () => {
  const host = await hosts.open({ 'adds-tag': SESSION, 'adds-pid': SESSION, 'counts-events': {} });
  const one = host.session({ plugins: ['adds-tag'] });
  const other = host.session({ plugins: ['adds-pid'] });

  const outcomes = await Promise.all([one, other, host].map((scope) => scope.emit('app.save', DRAFT)));

  expect(outcomes.map(askedBy)).toEqual([['counts-events', 'adds-tag'], ['adds-pid', 'counts-events'], ['counts-events']]);
  expect(outcomes.map(({ payload }) => payload.tags)).toEqual([['good'], [], []]);
});

test('two open sessions do not see each other’s handlers', async () => {
  const host = await hosts.open();
  const [one, other] = [host.session(), host.session()];
  one.on('app.save', () => undefined, { name: 'of-one' });
  host.on('app.save', () => undefined, { name: 'of-all' });

  expect([one.has('app.lookup'), other.has('app.save')]).toEqual([false, true]);
  expect(askedBy(await one.emit('app.save', DRAFT))).toEqual(['of-one', 'of-all']);
  expect(askedBy(await other.emit('app.save', DRAFT))).toEqual(['of-all']);
});

test('the state of one operation id does not cross sessions, though the process is shared', async () => {
  const host = await hosts.open({ 'counts-events': {} });
  const [one, other] = [host.session(), host.session()];
  const seen: unknown[] = [];

  for (const scope of [one, other, one, host, other]) {
    const { trace } = await scope.operation('same').emit('app.save', DRAFT);
    seen.push(trace.answers[0]?.metadata);
  }

  const pid = host.plugins()[0]?.status?.pid;
  expect(seen).toEqual([1, 1, 2, 1, 2].map((count) => ({ seen: count, pid })));
});

test('state stays with the operation and ends with it', async () => {
  const host = await hosts.open({ 'counts-events': {} });
  const first = host.operation();
  const emit = async (operation: { emit: typeof first.emit }): Promise<unknown> =>
    (await operation.emit('app.save', DRAFT)).trace.answers[0]?.metadata?.['seen'];

  expect([await emit(first), await emit(first), await emit(host.operation()), await emit(host)]).toEqual([1, 2, 1, 1]);
  first.end();
  first.end();

  await expect(first.emit('app.save', DRAFT)).rejects.toMatchObject({ code: 'SCOPE_CLOSED', message: expect.stringContaining(first.id) });
  expect(await emit(host.operation(first.id))).toBe(1);
});

test('using() lets plugins in for one block, inside the operation around it', async () => {
  const host = await hosts.open({ 'adds-tag': SESSION, 'counts-events': {} });
  const operation = 'o1';
  await host.operation(operation).emit('app.save', DRAFT);

  const inside = await host.using(['adds-tag'], async (block) => {
    block.on('app.save', () => undefined, { name: 'of-block' });
    return block.operation(operation).emit('app.save', DRAFT);
  });
  const after = await host.emit('app.save', DRAFT);

  expect(askedBy(inside)).toEqual(['counts-events', 'of-block', 'adds-tag']);
  expect(inside.trace.answers[0]?.metadata).toMatchObject({ seen: 2 });
  expect(askedBy(after)).toEqual(['counts-events']);
});

test('using() gives the result of its body and closes the block, whatever happens', async () => {
  const host = await hosts.open();
  const blocks: { emit: typeof host.emit }[] = [];

  const result = await host.using([], (block) => {
    blocks.push(block);
    return 42;
  });
  const failed = host.using([], (block) => {
    blocks.push(block);
    throw new Error('of the body');
  });

  expect(result).toBe(42);
  await expect(failed).rejects.toThrow('of the body');
  for (const block of blocks) await expect(block.emit('app.save', DRAFT)).rejects.toMatchObject({ code: 'SCOPE_CLOSED' });
});

test('a block hears a plugin once that the session around it named already', async () => {
  const host = await hosts.open({ 'adds-tag': SESSION, 'counts-events': { ...SESSION, mode: 'disabled' } });
  const session = host.session({ plugins: ['adds-tag', 'counts-events'] });

  const { payload, trace } = await session.using(['adds-tag', 'counts-events'], (block) => block.emit('app.save', DRAFT));

  expect(payload.tags).toEqual(['good']);
  expect(trace.skipped).toEqual([{ plugin: 'counts-events', reason: 'disabled' }]);
});

test('a scope that is closed can neither emit nor be added to, nor the scopes inside it', async () => {
  const host = await hosts.open();
  const session = host.session({ id: 's1' });
  const remove = session.on('app.save', () => undefined);
  const hook = session.hook('app.save');
  await session.using([], async (block) => {
    await session.close();
    await session.close();
    await expect(block.emit('app.save', DRAFT)).rejects.toMatchObject({ code: 'SCOPE_CLOSED' });
  });

  await expect(session.emit('app.save', DRAFT)).rejects.toMatchObject({ code: 'SCOPE_CLOSED' });
  await expect(hook.emit(DRAFT)).rejects.toMatchObject({ code: 'SCOPE_CLOSED' });
  for (const use of [() => session.on('app.save', () => undefined), () => session.operation()]) {
    expect(use).toThrow(expect.objectContaining({ code: 'SCOPE_CLOSED' }));
  }
  expect(remove).not.toThrow();
  expect((await host.emit('app.save', DRAFT)).status).toBe('continued');
});

test('a session has an id that its events carry', async () => {
  const host = await hosts.open();
  const session = host.session({ id: 'mine' });
  session.on('app.save', () => undefined);

  const { trace } = await session.using([], (block) => block.emit('app.save', DRAFT));

  expect([session.id, trace.session]).toEqual(['mine', 'mine']);
  expect(host.session().id).not.toBe(host.session().id);
});

test('a session can name a set, nested ones included', async () => {
  const sets = { inner: { plugins: ['adds-tag'] }, outer: { plugins: ['adds-pid'], sets: ['inner'] } };
  const host = await hosts.open({ 'adds-tag': SESSION, 'adds-pid': SESSION, 'counts-events': SESSION }, { sets });

  expect(askedBy(await host.session({ plugins: ['@outer'] }).emit('app.save', DRAFT))).toEqual(['adds-pid', 'adds-tag']);
  expect(askedBy(await host.session({ plugins: ['@inner'] }).emit('app.save', DRAFT))).toEqual(['adds-tag']);
});

test('a session refuses what it cannot use', async () => {
  const host = await hosts.open({ 'adds-tag': SESSION, 'fills-storage': { ...SESSION, trust: 'none' } });

  expect(() => host.session({ plugins: ['add-tag'] })).toThrow(
    expect.objectContaining({
      code: 'PLUGIN_UNKNOWN',
      message: 'Cannot use plugin "add-tag": no plugin has this name; did you mean "adds-tag"?',
    }),
  );
  expect(() => host.session({ plugins: ['@none'] })).toThrow(expect.objectContaining({ code: 'PLUGIN_UNKNOWN' }));
  expect(() => host.session({ plugins: ['fills-storage'] })).toThrow(expect.objectContaining({ code: 'PLUGIN_REFUSED' }));
});

test('a session goes on without a plugin that the operator switched off', async () => {
  const sets = { all: { plugins: ['adds-tag', 'adds-pid'] } };
  const entries = { 'adds-tag': SESSION, 'adds-pid': { ...SESSION, enabled: false } };
  const host = await hosts.open(entries, { sets });
  const without = await hosts.open(entries, { sets, without: ['adds-tag'] });
  const safe = await hosts.open(entries, { sets, noPlugins: true });

  expect(askedBy(await host.session({ plugins: ['@all'] }).emit('app.save', DRAFT))).toEqual(['adds-tag']);
  expect(without.session({ plugins: ['adds-tag', 'adds-pid'] }).has('app.save')).toBe(false);
  expect(safe.session({ plugins: ['@all'] }).has('app.save')).toBe(false);
});

test('a session that names a plugin which hears everything does not hear it twice', async () => {
  const host = await hosts.open({ 'adds-tag': {} });

  expect((await host.session({ plugins: ['adds-tag'] }).emit('app.save', DRAFT)).payload.tags).toEqual(['good']);
});

test('a session refuses a plugin that closes a circle with a handler of the application', async () => {
  const host = await hosts.open({ 'adds-tag': { ...SESSION, before: ['mine'] } });
  host.on('app.save', () => undefined, { name: 'mine', before: ['adds-tag'] });

  expect(() => host.session({ plugins: ['adds-tag'] })).toThrow(expect.objectContaining({ code: 'ORDER_CYCLE' }));
});

const addTag =
  (tag: string): Handler<{ tags: string[] }> =>
  ({ tags }) => ({ action: 'modify', changes: { tags: [...tags, tag] } });

test.each([
  ['before', ['good', 'default']],
  ['after', ['default', 'good']],
] as const)('default() has a place in the plan: a plugin %s it', async (word, tags) => {
  const host = await hosts.open({ 'adds-tag': { [word]: ['default'], priority: 50 } });
  host.default('app.save', addTag('default') as Handler<unknown>);

  const outcome = await host.emit('app.save', DRAFT);

  expect(outcome.payload.tags).toEqual(tags);
});

test('default() is not asked when a plugin answers in its place', async () => {
  const host = await hosts.open();
  let asked = 0;
  host.default('app.save', () => void asked++);
  host.on('app.save', () => ({ action: 'replace', value: 7 }), { name: 'stand-in', before: ['default'] });

  const outcome = await host.emit('app.save', DRAFT);

  expect(outcome).toMatchObject({ status: 'replaced', value: 7, by: 'stand-in' });
  expect(outcome.trace.skipped).toEqual([{ plugin: 'default', reason: 'decided' }]);
  expect(asked).toBe(0);
});

test('on() gives a function that removes the handler', async () => {
  const host = await hosts.open();
  const remove = host.on('app.save', () => undefined);
  expect(host.has('app.save')).toBe(true);

  remove();

  expect(host.has('app.save')).toBe(false);
});

test('a hook point that no catalog has is named, with the one that was meant', async () => {
  const host = await hosts.open();
  const scope = host as unknown as { emit(hook: string, payload: object): Promise<unknown>; has(hook: string): boolean };
  const unknown = expect.objectContaining({
    code: 'HOOK_UNKNOWN',
    message: 'Cannot use hook point "app.sav": no catalog declares it; did you mean "app.save"?',
  });

  await expect(scope.emit('app.sav', DRAFT)).rejects.toEqual(unknown);
  expect(() => scope.has('app.sav')).toThrow(unknown);
});
