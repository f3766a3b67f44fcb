import { afterEach, expect, test } from 'vitest';
import { answered, BLOCK, failure, handler, loadHook, MemoryPlugin, plugin, Stage } from '../../support/events.ts';

let stage = new Stage();
afterEach(() => {
  stage.close();
  stage = new Stage();
});

test('emit() gives the outcome of an event', async () => {
  const hook = await loadHook();
  const payload = { title: 'draft' };

  const outcome = await stage.emit(hook, [plugin(hook, new MemoryPlugin('p', () => null))], { payload });

  expect(outcome.payload).toBe(payload);
  expect(JSON.parse(JSON.stringify(outcome))).toEqual({
    event: stage.begun[0]?.event,
    hook: 'app.save',
    status: 'continued',
    payload,
    failOpens: [],
  });
});

test('emit() names in the outcome whom the event went on without', async () => {
  const hook = await loadHook();
  const bad = plugin(hook, new MemoryPlugin('bad', () => ({ action: 'explode' })), { onFailure: 'ignore' });

  expect((await stage.emit(hook, [bad])).failOpens).toEqual([{ plugin: 'bad', code: 'ANSWER_INVALID' }]);
});

test('emit() passes on when trying again could help', async () => {
  const hook = await loadHook();
  const later = new MemoryPlugin('later', () => ({ ...BLOCK, retryAfterMs: 1500 }));

  expect(await stage.emit(hook, [plugin(hook, later)])).toMatchObject({ status: 'blocked', retryAfterMs: 1500 });
});

test('emit() refuses a payload that breaks the schema, names the place and asks nobody', async () => {
  const hook = await loadHook();
  const memory = new MemoryPlugin('p', () => null);

  const outcome = stage.emit(hook, [plugin(hook, memory)], { payload: { title: 'x', tags: ['a', 1] } });

  await expect(outcome).rejects.toMatchObject({
    code: 'PAYLOAD_INVALID',
    message: 'Cannot emit "app.save": /tags/1 must be a string; got 1',
    data: [{ pointer: '/tags/1' }],
  });
  expect([...memory.calls, ...stage.begun]).toEqual([]);
});

const circle: Record<string, unknown> = { title: 'x' };
circle['self'] = circle;

test('emit() refuses a payload that holds itself, whoever listens', async () => {
  const hook = await loadHook();
  const memory = new MemoryPlugin('p', () => null);
  const asked: unknown[] = [];
  const listening = [
    [plugin(hook, memory)],
    [handler(hook, 'h', () => asked.push(1))],
    [plugin(hook, memory, { mode: 'fire_and_forget' })],
    [plugin(hook, memory, { mode: 'audit' }), handler(hook, 'h', () => asked.push(1), { mode: 'audit' })],
  ];

  for (const participants of listening) {
    await expect(stage.emit(hook, participants, { payload: circle })).rejects.toMatchObject({ code: 'PAYLOAD_INVALID' });
  }
  expect([...memory.calls, ...memory.notes, ...asked]).toEqual([]);
  expect(stage.recorded).toHaveLength(listening.length);
});

test('emit() goes on after a failure under "ignore" and says so', async () => {
  const hook = await loadHook();
  const failing = new MemoryPlugin('failing');
  const next = new MemoryPlugin('next', () => null);
  const outcome = stage.emit(hook, [plugin(hook, failing, { onFailure: 'ignore' }), plugin(hook, next)]);

  failing.calls[0]?.settle(failure());

  expect((await outcome).status).toBe('continued');
  expect(next.calls).toHaveLength(1);
  expect(stage.trace.answers[0]).toMatchObject({ status: 'failed', code: 'PLUGIN_EXITED', failOpen: true });
});

test('emit() is blocked by a failure under "fail"', async () => {
  const hook = await loadHook();
  const failing = new MemoryPlugin('failing');
  const next = new MemoryPlugin('next', () => null);
  const outcome = stage.emit(hook, [plugin(hook, failing), plugin(hook, next)]);

  failing.calls[0]?.settle(failure());

  expect(await outcome).toMatchObject({ status: 'blocked', by: 'failing', cause: 'failure', violation: { code: 'PLUGIN_EXITED' } });
  expect(next.calls).toEqual([]);
  expect(stage.trace.answers[0]).toMatchObject({ failOpen: false });
});

test('emit() rejects when the caller cancels, and cancels the calls', async () => {
  const hook = await loadHook();
  const [memory, told] = [new MemoryPlugin('p'), new MemoryPlugin('told')];
  const abort = new AbortController();
  const outcome = stage.emit(hook, [plugin(hook, memory), plugin(hook, told, { mode: 'fire_and_forget' })], {
    origin: { signal: abort.signal },
  });

  abort.abort();

  await expect(outcome).rejects.toMatchObject({ code: 'EVENT_CANCELLED' });
  expect(memory.cancelled).toMatchObject([{ code: 'EVENT_CANCELLED' }]);
  expect(told.notes).toEqual([]);
  expect(stage.trace).toMatchObject({ outcome: { status: 'cancelled' }, answers: [{ plugin: 'p', status: 'cancelled' }] });
});

test('emit() cancels a handler in its signal', async () => {
  const hook = await loadHook();
  const abort = new AbortController();
  const signals: AbortSignal[] = [];
  const waiting = handler(hook, 'waiting', (_: unknown, { signal }: { signal: AbortSignal }) => {
    signals.push(signal);
    return new Promise(() => undefined);
  });
  const outcome = stage.emit(hook, [waiting], { origin: { signal: abort.signal } });

  abort.abort();

  await expect(outcome).rejects.toMatchObject({ code: 'EVENT_CANCELLED' });
  expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
});

test('emit() asks nobody when it was cancelled before it began', async () => {
  const hook = await loadHook();
  const memory = new MemoryPlugin('p', () => null);

  const outcome = stage.emit(hook, [plugin(hook, memory)], { origin: { signal: AbortSignal.abort() } });

  await expect(outcome).rejects.toMatchObject({ code: 'EVENT_CANCELLED' });
  expect(memory.calls).toEqual([]);
});

test('emit() leaves no listener on the signal it was given', async () => {
  const hook = await loadHook();
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...given: unknown[]) => {
    listeners++;
    Reflect.apply(addEventListener, signal, given);
  };
  signal.removeEventListener = (...given: unknown[]) => {
    listeners--;
    Reflect.apply(removeEventListener, signal, given);
  };

  await stage.emit(hook, [plugin(hook, new MemoryPlugin('p', () => null))], { origin: { signal } });

  expect(listeners).toBe(0);
});

test('emit() rejects with the reason when the host ends the event', async () => {
  const hook = await loadHook();
  const waiting = handler(hook, 'waiting', () => new Promise(() => undefined));
  const outcome = stage.emit(hook, [waiting, plugin(hook, new MemoryPlugin('later', () => null))]);

  stage.begun[0]?.cancel({ code: 'HOST_STOPPED', message: 'closed' });

  await expect(outcome).rejects.toMatchObject({ code: 'HOST_STOPPED', message: 'closed' });
});

test('emit() begins and records each event once', async () => {
  const hook = await loadHook();

  await stage.emit(hook, [plugin(hook, new MemoryPlugin('p', () => null))]);

  expect(stage.begun).toHaveLength(1);
  expect(stage.recorded).toEqual(stage.begun);
});

test('emit() ignores a second reply to one call', async () => {
  const hook = await loadHook();
  const memory = new MemoryPlugin('p');
  const outcome = stage.emit(hook, [plugin(hook, memory)]);

  memory.calls[0]?.settle(answered(null));
  memory.calls[0]?.settle(answered(BLOCK));

  expect((await outcome).status).toBe('continued');
  expect(stage.trace.answers).toHaveLength(1);
});
