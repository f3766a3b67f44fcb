import { afterEach, expect, test } from 'vitest';
import { answered, BLOCK, failure, handler, loadHook, MemoryPlugin, plugin, Stage, VIOLATION } from '../../support/events.ts';
import { waitUntil } from '../../support/wait-until.ts';

let stage = new Stage();
afterEach(() => {
  stage.close();
  stage = new Stage();
});

/** What the trace says of each answer: plugin and status, in the order in which they were taken. */
function statuses(): string[] {
  return stage.trace.answers.map(({ plugin: name, status, code }) => `${name} ${code ?? status}`);
}

test('dispatch() shows each sequential plugin what the ones before it changed', async () => {
  const hook = await loadHook();
  const first = new MemoryPlugin('first', () => ({ action: 'modify', changes: { title: 'one' } }));
  const second = new MemoryPlugin('second', () => ({ action: 'modify', changes: { tags: ['two'] } }));
  const third = new MemoryPlugin('third', () => null);

  const outcome = await stage.emit(hook, [plugin(hook, first), plugin(hook, second), plugin(hook, third)]);

  expect([first, second, third].map((one) => one.payload())).toEqual([
    { title: 'draft' },
    { title: 'one' },
    { title: 'one', tags: ['two'] },
  ]);
  expect(outcome).toMatchObject({ status: 'continued', payload: { title: 'one', tags: ['two'] } });
});

test('dispatch() asks nobody after a decision and says so', async () => {
  const hook = await loadHook();
  const blocking = new MemoryPlugin('blocking', () => BLOCK);
  const later = new MemoryPlugin('later', () => null);
  const watching = new MemoryPlugin('watching', () => null);

  const outcome = await stage.emit(hook, [plugin(hook, blocking), plugin(hook, later), plugin(hook, watching, { mode: 'audit' })]);

  expect(outcome).toMatchObject({ status: 'blocked', by: 'blocking', cause: 'verdict', violation: VIOLATION });
  expect([...later.calls, ...watching.calls]).toEqual([]);
  expect(stage.trace.skipped).toEqual([
    { plugin: 'later', reason: 'decided' },
    { plugin: 'watching', reason: 'decided' },
  ]);
});

test('dispatch() ends the event with the value of a plugin that replaces', async () => {
  const hook = await loadHook();
  const replacing = new MemoryPlugin('replacing', () => ({ action: 'replace', value: { exitCode: 0 } }));

  const outcome = await stage.emit(hook, [plugin(hook, replacing), plugin(hook, new MemoryPlugin('later', () => BLOCK))]);

  expect(outcome).toMatchObject({ status: 'replaced', by: 'replacing', value: { exitCode: 0 } });
});

test('dispatch() lets transform plugins change the payload but not block', async () => {
  const hook = await loadHook();
  const changing = new MemoryPlugin('changing', () => ({ action: 'modify', changes: { title: 'new' } }));
  const blocking = new MemoryPlugin('blocking', () => BLOCK);

  const outcome = await stage.emit(hook, [plugin(hook, blocking, { mode: 'transform' }), plugin(hook, changing, { mode: 'transform' })]);

  expect(outcome).toMatchObject({ status: 'continued', payload: { title: 'new' } });
  expect(stage.trace.answers[0]).toMatchObject({ status: 'continued', would: { action: 'block', violation: VIOLATION } });
});

test('dispatch() asks audit plugins together, all about the same payload', async () => {
  const hook = await loadHook();
  const watching = ['a', 'b', 'c'].map((name) => new MemoryPlugin(name));
  const changing = new MemoryPlugin('changing', () => ({ action: 'modify', changes: { title: 'new' } }));
  const outcome = stage.emit(hook, [plugin(hook, changing), ...watching.map((one) => plugin(hook, one, { mode: 'audit' }))]);
  await waitUntil(() => watching.every(({ calls }) => calls.length === 1), 'all observers to be asked');

  watching[2]?.calls[0]?.settle(answered({ action: 'modify', changes: { title: 'mine' } }));
  watching[0]?.calls[0]?.settle(answered(BLOCK));
  watching[1]?.calls[0]?.settle(answered(null));

  expect(await outcome).toMatchObject({ status: 'continued', payload: { title: 'new' } });
  expect(watching.map((one) => one.payload())).toEqual(Array(3).fill({ title: 'new' }));
  expect(new Set(watching.map(({ calls }) => calls[0]?.shared)).size).toBe(1);
  expect(stage.trace.answers.slice(1).map(({ would }) => would?.action)).toEqual(['modify', 'block', undefined]);
});

test('dispatch() lets the first concurrent block cancel the others', async () => {
  const hook = await loadHook();
  const plugins = ['a', 'b', 'c'].map((name) => new MemoryPlugin(name));
  const [a, b, c] = plugins;
  const outcome = stage.emit(
    hook,
    plugins.map((one) => plugin(hook, one, { mode: 'concurrent' })),
  );

  a?.calls[0]?.settle(answered(null));
  b?.calls[0]?.settle(answered(BLOCK));

  expect(await outcome).toMatchObject({ status: 'blocked', by: 'b' });
  expect([a, b, c].map((one) => one?.cancelled.map(({ code }) => code))).toEqual([[], [], ['EVENT_CANCELLED']]);
  expect(statuses()).toEqual(['a continued', 'b blocked', 'c cancelled']);
});

test('dispatch() cancels an in-process handler too when another decides', async () => {
  const hook = await loadHook();
  const never = new Promise(() => undefined);
  const blocking = new MemoryPlugin('blocking');
  const outcome = stage.emit(hook, [
    handler(hook, 'slow', () => never, { mode: 'concurrent' }),
    plugin(hook, blocking, { mode: 'concurrent' }),
  ]);

  blocking.calls[0]?.settle(answered(BLOCK));

  expect((await outcome).by).toBe('blocking');
  expect(statuses()).toEqual(['blocking blocked', 'slow cancelled']);
});

test('dispatch() cancels the other concurrent plugins when one fails closed', async () => {
  const hook = await loadHook();
  const [failing, other] = [new MemoryPlugin('failing'), new MemoryPlugin('other')];
  const outcome = stage.emit(
    hook,
    [failing, other].map((one) => plugin(hook, one, { mode: 'concurrent' })),
  );

  failing.calls[0]?.settle(failure());

  expect(await outcome).toMatchObject({ status: 'blocked', by: 'failing', cause: 'failure', violation: { code: 'PLUGIN_EXITED' } });
  expect(statuses()).toEqual(['failing PLUGIN_EXITED', 'other cancelled']);
});

test('dispatch() lets the other observers finish when one fails closed', async () => {
  const hook = await loadHook();
  const never = new Promise(() => undefined);
  const failing = new MemoryPlugin('failing');
  const outcome = stage.emit(hook, [
    plugin(hook, failing, { mode: 'audit', onFailure: 'fail' }),
    handler(hook, 'slow', () => never, { mode: 'audit', timeoutMs: 30 }),
  ]);

  failing.calls[0]?.settle(failure());

  expect(await outcome).toMatchObject({ status: 'blocked', by: 'failing' });
  expect(statuses()).toEqual(['failing PLUGIN_EXITED', 'slow PLUGIN_TIMEOUT']);
});

test('dispatch() skips those whose filter does not fit the payload as it is by then', async () => {
  const hook = await loadHook();
  const changing = new MemoryPlugin('changing', () => ({ action: 'modify', changes: { title: 'final' } }));
  const [onDraft, onFinal] = [new MemoryPlugin('on-draft', () => null), new MemoryPlugin('on-final', () => null)];

  await stage.emit(hook, [
    plugin(hook, changing),
    plugin(hook, onDraft, { match: [{ title: 'draft' }] }),
    plugin(hook, onFinal, { match: [{ title: 'f*' }] }),
  ]);

  expect([onDraft.calls.length, onFinal.calls.length]).toEqual([0, 1]);
  expect(stage.trace.skipped).toEqual([{ plugin: 'on-draft', reason: 'match' }]);
});

test('dispatch() serialises an unchanged payload once for a whole chain', async () => {
  const hook = await loadHook();
  const plugins = ['a', 'b', 'c'].map((name) => new MemoryPlugin(name, () => null));

  await stage.emit(
    hook,
    plugins.map((one) => plugin(hook, one)),
  );

  expect(new Set(plugins.map(({ calls }) => calls[0]?.shared)).size).toBe(1);
});

test('dispatch() runs plugins and handlers in one order', async () => {
  const hook = await loadHook();
  const append = (name: string) => (payload: Record<string, unknown>) => ({
    action: 'modify' as const,
    changes: { tags: [...((payload['tags'] as string[] | undefined) ?? []), name] },
  });
  const first = new MemoryPlugin('first', ({ shared }) => append('first')(JSON.parse(`{${shared}}`).payload));

  const outcome = await stage.emit(hook, [
    handler(hook, 'default', append('default')),
    handler(hook, 'last', append('last'), { after: ['default'] }),
    plugin(hook, first, { before: ['default'] }),
  ]);

  expect(outcome.payload['tags']).toEqual(['first', 'default', 'last']);
});

test('dispatch() waits for nobody when every handler answers at once', async () => {
  const hook = await loadHook();
  const asked: string[] = [];
  const handlers = ['a', 'b', 'c'].map((name) => handler(hook, name, () => void asked.push(name)));

  const outcome = stage.emit(hook, handlers);

  expect([asked, stage.recorded.length]).toEqual([['a', 'b', 'c'], 1]);
  expect((await outcome).status).toBe('continued');
});

test('dispatch() goes on in order when some handlers answer at once and others later', async () => {
  const hook = await loadHook();
  const append = (name: string) => (payload: Record<string, unknown>) => ({
    action: 'modify',
    changes: { title: `${payload['title']}${name}` },
  });
  const later = (name: string) => async (payload: Record<string, unknown>) => append(name)(payload);

  const outcome = await stage.emit(hook, [
    handler(hook, 'a', append('a')),
    handler(hook, 'b', later('b')),
    plugin(hook, new MemoryPlugin('c', ({ shared }) => append('c')(JSON.parse(`{${shared}}`).payload)), { order: 2_000_000 }),
    handler(hook, 'd', append('d'), { priority: 60 }),
  ]);

  expect(outcome.payload).toEqual({ title: 'draftabcd' });
});

test('dispatch() asks everybody in a concurrent stage, also after one that blocked at once', async () => {
  const hook = await loadHook();
  const asked: string[] = [];
  const ask = (name: string, answer: unknown) => {
    const answering = (): unknown => {
      asked.push(name);
      return answer;
    };
    return handler(hook, name, answering, { mode: 'concurrent' });
  };

  const outcome = await stage.emit(hook, [ask('a', BLOCK), ask('b', undefined)]);

  expect([asked, outcome.by]).toEqual([['a', 'b'], 'a']);
});
