import { afterEach, expect, test } from 'vitest';
import { BREAKER_FAILURES } from '../../../host/dispatcher/breaker.ts';
import { MAX_STATE_BYTES, OperationState } from '../../../host/dispatcher/operations.ts';
import { makeTrace } from '../../../host/dispatcher/trace.ts';
import type { CallReply } from '../../../host/supervisor/types.ts';
import { answered, BLOCK, failure, handler, loadHook, MemoryPlugin, plugin, Stage } from '../../support/events.ts';
import { waitUntil } from '../../support/wait-until.ts';

let stage = new Stage();
afterEach(() => {
  stage.close();
  stage = new Stage();
});

/** A plugin whose reply is a failure. */
class FailingPlugin extends MemoryPlugin {
  reply: CallReply = failure();

  override invoke(call: Parameters<MemoryPlugin['invoke']>[0]): () => void {
    this.calls.push(call);
    call.settle(this.reply);
    return () => undefined;
  }
}

test('callPlugin() tells a plugin all it must know', async () => {
  const hook = await loadHook({ timeoutMs: 300, budgetMs: 1000, idempotent: true });
  const memory = new MemoryPlugin('p', () => null);
  const operation = new OperationState('o');
  operation.states.set('p', '{"seen":1}');

  const { event } = await stage.emit(hook, [plugin(hook, memory, { timeoutMs: 200 })], { origin: { operation } });

  expect(memory.calls[0]).toMatchObject({ event, hook: 'app.save', state: '{"seen":1}', timeoutMs: 200, idempotent: true });
  expect(memory.payload()).toEqual({ title: 'draft' });
});

test('callPlugin() keeps what a plugin leaves for its next event of the operation, and for nobody else', async () => {
  const hook = await loadHook();
  const memory = new MemoryPlugin('p', ({ state }) => ({ state: { calls: 1 + (state === undefined ? 0 : JSON.parse(state).calls) } }));
  const other = new MemoryPlugin('q', () => null);
  const operation = new OperationState('o');
  const both = [plugin(hook, memory), plugin(hook, other)];

  await stage.emit(hook, both, { origin: { operation } });
  await stage.emit(hook, both, { origin: { operation } });
  await stage.emit(hook, both, { origin: { operation: new OperationState('another') } });

  expect(memory.calls.map(({ state }) => state)).toEqual([undefined, '{"calls":1}', undefined]);
  expect(other.calls.map(({ state }) => state)).toEqual([undefined, undefined, undefined]);
});

test('callPlugin() fails an answer whose state is too large and keeps the old state', async () => {
  const hook = await loadHook();
  const operation = new OperationState('o');
  operation.states.set('p', '"old"');
  const memory = new MemoryPlugin('p', () => ({ state: 'x'.repeat(MAX_STATE_BYTES) }));

  const outcome = await stage.emit(hook, [plugin(hook, memory)], { origin: { operation } });

  expect(outcome.violation?.code).toBe('ANSWER_INVALID');
  expect(operation.states.get('p')).toBe('"old"');
});

test('callPlugin() keeps no state of an answer that failed', async () => {
  const hook = await loadHook({ writable: ['/tags'] });
  const operation = new OperationState('o');
  const memory = new MemoryPlugin('p', () => ({ action: 'modify', changes: { title: 'no' }, state: 1 }));

  await stage.emit(hook, [plugin(hook, memory)], { origin: { operation } });

  expect(operation.states.has('p')).toBe(false);
});

test('callPlugin() does not ask a plugin whose breaker is open', async () => {
  const hook = await loadHook();
  const failing = new FailingPlugin('p');
  const participants = [plugin(hook, failing, { onFailure: 'ignore' })];

  for (let count = 0; count < BREAKER_FAILURES; count++) await stage.emit(hook, participants);
  const outcome = await stage.emit(hook, participants);

  expect(failing.calls).toHaveLength(BREAKER_FAILURES);
  expect(outcome.status).toBe('continued');
  expect(stage.trace.answers[0]).toMatchObject({ status: 'failed', code: 'PLUGIN_BREAKER_OPEN', failOpen: true });
  expect(stage.trace.answers[0]).not.toHaveProperty('attempts');
});

test('callPlugin() opens the breaker at the first failure under "disable"', async () => {
  const hook = await loadHook();
  const failing = new FailingPlugin('p');
  const participants = [plugin(hook, failing, { onFailure: 'disable' })];

  const first = await stage.emit(hook, participants);
  const second = await stage.emit(hook, participants);

  expect([first.status, second.status]).toEqual(['continued', 'continued']);
  expect(failing.calls).toHaveLength(1);
});

test.each([
  ['a bad answer', answered({ action: 'veto' })],
  ['an edit that is not allowed', answered({ action: 'modify', changes: { title: 1 } })],
  ['a timeout', failure('PLUGIN_TIMEOUT')],
])('callPlugin() counts %s as a failure of the plugin', async (_, reply) => {
  const hook = await loadHook();
  const failing = new FailingPlugin('p');
  failing.reply = reply;
  const participant = plugin(hook, failing, { onFailure: 'ignore' });

  for (let count = 0; count < BREAKER_FAILURES; count++) await stage.emit(hook, [participant]);

  expect(participant.breaker.state(stage.timers.now())).toBe('open');
});

test.each([
  ['a verdict', answered(BLOCK)],
  ['a cancellation', failure('EVENT_CANCELLED')],
  ['a budget that others have spent', failure('EVENT_BUDGET_SPENT')],
])('callPlugin() does not count %s as a failure of the plugin', async (_, reply) => {
  const hook = await loadHook();
  const replying = new FailingPlugin('p');
  replying.reply = reply;
  const participant = plugin(hook, replying);

  for (let count = 0; count <= BREAKER_FAILURES; count++) await stage.emit(hook, [participant]);

  expect(participant.breaker.state(stage.timers.now())).toBe('closed');
});

test('callPlugin() asks nobody when the budget is spent', async () => {
  const hook = await loadHook({ timeoutMs: 20, budgetMs: 20 });
  const never = new Promise(() => undefined);
  const late = new MemoryPlugin('late', () => null);

  const outcome = await stage.emit(hook, [
    handler(hook, 'slow', () => never, { onFailure: 'ignore', priority: 1 }),
    plugin(hook, late, { onFailure: 'ignore' }),
  ]);

  expect(outcome.status).toBe('continued');
  expect(late.calls).toEqual([]);
  expect(stage.trace.answers[1]).toMatchObject({ plugin: 'late', status: 'failed', code: 'EVENT_BUDGET_SPENT', failOpen: true });
  expect(stage.trace.answers[1]?.message).toMatch(/ are over: "\w+" took \d+ ms$/);
});

test('callPlugin() brings events of one operation to a plugin one after another', async () => {
  const hook = await loadHook({ ordered: true });
  const memory = new MemoryPlugin('p');
  const origin = { operation: new OperationState('o') };
  const participants = [plugin(hook, memory)];

  const first = stage.emit(hook, participants, { payload: { title: '1' }, origin });
  const second = stage.emit(hook, participants, { payload: { title: '2' }, origin });
  const other = stage.emit(hook, participants, { payload: { title: 'other' }, origin: { operation: new OperationState('q') } });
  await waitUntil(() => stage.begun.length === 3, 'all events to begin');
  expect(memory.calls.map((_, call) => memory.payload(call)['title'])).toEqual(['1', 'other']);

  memory.calls[0]?.settle(answered(null));
  await first;
  await waitUntil(() => memory.calls.length === 3, 'the second event to reach the plugin');
  memory.calls[1]?.settle(answered(null));
  memory.calls[2]?.settle(answered(null));
  await Promise.all([second, other]);

  expect(memory.payload(2)).toEqual({ title: '2' });
});

test('callPlugin() does not order events where the hook point does not ask for it', async () => {
  const hook = await loadHook({ ordered: false });
  const memory = new MemoryPlugin('p');
  const origin = { operation: new OperationState('o') };

  const both = [1, 2].map(() => stage.emit(hook, [plugin(hook, memory)], { origin }));

  expect(memory.calls).toHaveLength(2);
  for (const call of memory.calls) call.settle(answered(null));
  await Promise.all(both);
});

test('callPlugin() does not ask when the event was cancelled while it waited for its turn', async () => {
  const hook = await loadHook({ ordered: true });
  const memory = new MemoryPlugin('p');
  const operation = new OperationState('o');
  const participants = [plugin(hook, memory)];
  const abort = new AbortController();
  const first = stage.emit(hook, participants, { origin: { operation } });
  const second = stage.emit(hook, participants, { origin: { operation, signal: abort.signal } });

  abort.abort();
  await expect(second).rejects.toMatchObject({ code: 'EVENT_CANCELLED' });
  memory.calls[0]?.settle(answered(null));
  await first;

  expect(memory.calls).toHaveLength(1);
});

test('callPlugin() does not ask when another concurrent plugin decided while it waited for its turn', async () => {
  const hook = await loadHook({ ordered: true });
  const [busy, blocking] = [new MemoryPlugin('busy'), new MemoryPlugin('blocking')];
  const origin = { operation: new OperationState('o') };
  const concurrent = { mode: 'concurrent' } as const;
  const first = stage.emit(hook, [plugin(hook, busy)], { origin });
  const second = stage.emit(hook, [plugin(hook, busy, concurrent), plugin(hook, blocking, concurrent)], { origin });

  blocking.calls[0]?.settle(answered(BLOCK));

  expect((await second).by).toBe('blocking');
  expect(busy.calls).toHaveLength(1);
  busy.calls[0]?.settle(answered(null));
  await first;
});

test('callPlugin() waits for its turn no longer than the budget', async () => {
  const hook = await loadHook({ ordered: true, timeoutMs: 20, budgetMs: 20 });
  const memory = new MemoryPlugin('p');
  const origin = { operation: new OperationState('o') };
  const participants = [plugin(hook, memory, { onFailure: 'ignore' })];
  const first = stage.emit(hook, participants, { origin });

  await stage.emit(hook, participants, { origin });
  expect(stage.trace.answers[0]?.code).toBe('EVENT_BUDGET_SPENT');

  memory.calls[0]?.settle(answered(null));
  await first;
  expect(memory.calls).toHaveLength(1);
});

test('callPlugin() lets a plugin hear an event it fired inside one it still handles', async () => {
  const hook = await loadHook({ ordered: true });
  const operation = new OperationState('o');
  const memory = new MemoryPlugin('p');
  const participants = [plugin(hook, memory)];
  const outer = stage.emit(hook, participants, { origin: { operation } });
  const [parent] = stage.begun;

  const inner = stage.emit(hook, participants, { origin: { operation, parent } });
  expect(memory.calls).toHaveLength(2);
  memory.calls[1]?.settle(answered(null));
  await inner;
  memory.calls[0]?.settle(answered(null));

  expect((await outer).status).toBe('continued');
});

test('callPlugin() marks who handles an event only while it does', async () => {
  const hook = await loadHook();
  const memory = new MemoryPlugin('p');
  const outcome = stage.emit(hook, [plugin(hook, memory)]);
  const [run] = stage.begun;

  expect(run?.busy.includes('p')).toBe(true);
  memory.calls[0]?.settle(answered(null));
  await outcome;

  expect(run?.busy.includes('p')).toBe(false);
});

test('callPlugin() adds the size of an answer to the weight of the record', async () => {
  const hook = await loadHook();
  const memory = new MemoryPlugin('p', () => ({ metadata: { text: 'x'.repeat(100_000) } }));

  await stage.emit(hook, [plugin(hook, memory)]);

  expect(stage.recorded[0]?.weight).toBeGreaterThan(100_000);
});

test('callPlugin() adds what a large answer takes of memory, as it was counted', async () => {
  const hook = await loadHook();
  const counted = new MemoryPlugin('p');
  const outcome = stage.emit(hook, [plugin(hook, counted)]);
  await waitUntil(() => counted.calls.length > 0, 'the call');
  counted.calls[0]?.settle({
    ok: true,
    answer: { metadata: {} },
    bytes: 100_000,
    weight: 50_000_000,
    pid: 1,
    coldStart: false,
    attempts: 1,
  });
  await outcome;

  expect(stage.recorded[0]?.weight).toBeGreaterThan(50_000_000);
});

test('callPlugin() keeps a large answer that only has facts as its text, which weighs less and tells the same', async () => {
  const hook = await loadHook();
  const answer = { metadata: { list: new Array(1000).fill({ a: 1 }) } };
  const text = JSON.stringify({ jsonrpc: '2.0', id: 1, result: answer });
  const reply = { ...answered(answer), bytes: text.length, text };

  for (const given of [reply, { ...reply, text: undefined }]) {
    const memory = new FailingPlugin('p');
    memory.reply = given;
    await stage.emit(hook, [plugin(hook, memory)]);
  }

  const [asText, asObjects] = stage.recorded;
  if (asText === undefined || asObjects === undefined) expect.unreachable('both were recorded');
  expect(asObjects.weight - asText.weight).toBe(7 * text.length);
  asText.letGo();
  expect(makeTrace(asText).answers[0]?.metadata).toEqual(answer.metadata);
});
