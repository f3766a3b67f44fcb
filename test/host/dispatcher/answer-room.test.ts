import { afterEach, beforeEach, expect, test } from 'vitest';
import { AnswerRoom } from '../../../host/dispatcher/answer-room.ts';
import { BREAKER_FAILURES } from '../../../host/dispatcher/breaker.ts';
import type { LoadedHook } from '../../../host/registry/types.ts';
import { answered, handler, loadHook, MemoryPlugin, plugin, Stage } from '../../support/events.ts';
import { Hosts } from '../../support/hosts.ts';

let stage = new Stage();
let hook: LoadedHook;
beforeEach(async () => {
  stage = new Stage();
  hook = await loadHook();
});
afterEach(() => stage.close());

const large = { metadata: { text: 'x'.repeat(1000) } };

test('take() takes as much as there is room for, and says why no more', () => {
  const room = new AnswerRoom(() => 100);

  expect(room.take(60, 'p')).toBeUndefined();
  expect(room.take(41, 'p')).toMatchObject({
    code: 'MESSAGE_TOO_LARGE',
    message: expect.stringMatching(/"p", which takes 41 .* 60 of 100 /),
  });
  expect(room.take(40, 'p')).toBeUndefined();
  expect([room.bytes, room.refused]).toEqual([100, 1]);
});

test('take() counts over all events under way, and an event gives back what it took', async () => {
  stage.answerBytes = 12_000;
  const answering = new MemoryPlugin('answering', () => large);
  const waiting = new MemoryPlugin('waiting');
  const first = stage.emit(hook, [plugin(hook, answering), plugin(hook, waiting, { order: 1 })]);
  expect(stage.room.bytes).toBeGreaterThan(8000);

  const second = await stage.emit(hook, [plugin(hook, new MemoryPlugin('refused', () => large))]);
  expect(second).toMatchObject({ status: 'blocked', by: 'refused', cause: 'failure', violation: { code: 'MESSAGE_TOO_LARGE' } });

  waiting.calls[0]?.settle(answered(null));
  expect((await first).status).toBe('continued');
  expect(stage.room).toMatchObject({ bytes: 0, refused: 1 });
  expect((await stage.emit(hook, [plugin(hook, answering)])).status).toBe('continued');
});

test('take() lets the failure policy decide', async () => {
  stage.answerBytes = 1000;

  const outcome = await stage.emit(hook, [plugin(hook, new MemoryPlugin('p', () => large), { onFailure: 'ignore' })]);

  expect(outcome).toMatchObject({ status: 'continued', failOpens: [{ plugin: 'p', code: 'MESSAGE_TOO_LARGE' }] });
});

test('take() is not asked for answers of which nothing is kept', async () => {
  stage.answerBytes = 0;

  const outcome = await stage.emit(hook, [plugin(hook, new MemoryPlugin('p', () => null)), handler(hook, 'h', () => large)]);

  expect(outcome.status).toBe('continued');
  expect(stage.room).toMatchObject({ bytes: 0, refused: 0 });
});

test('a lack of room is not held against the plugin', async () => {
  stage.answerBytes = 1000;
  const participant = plugin(hook, new MemoryPlugin('p', () => large), { onFailure: 'ignore' });

  for (let count = 0; count <= BREAKER_FAILURES; count++) await stage.emit(hook, [participant]);

  expect(participant.breaker.state(stage.timers.now())).toBe('closed');
});

test('free() gives back what a cancelled event took', async () => {
  const answering = new MemoryPlugin('answering', () => large);
  const abort = new AbortController();
  const outcome = stage.emit(hook, [plugin(hook, answering), plugin(hook, new MemoryPlugin('waiting'), { order: 1 })], {
    origin: { signal: abort.signal },
  });
  expect(stage.room.bytes).toBeGreaterThan(0);

  abort.abort();

  await expect(outcome).rejects.toMatchObject({ code: 'EVENT_CANCELLED' });
  expect(stage.room.bytes).toBe(0);
});

test('the configuration sets the limit of a host', async () => {
  const hosts = new Hosts();
  try {
    const { core } = await hosts.openCore({ config: { limits: { answerBytes: 2048 } } });

    const { room } = core.emitContext;
    expect([room.take(2048, 'p'), room.take(1, 'p')?.code]).toEqual([undefined, 'MESSAGE_TOO_LARGE']);
    expect(core.stats().answers).toEqual({ bytes: 2048, refused: 1 });
  } finally {
    await hosts.close();
  }
});
