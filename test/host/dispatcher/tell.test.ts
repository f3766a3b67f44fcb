import { afterEach, expect, test } from 'vitest';
import { OperationState } from '../../../host/dispatcher/operations.ts';
import type { HandlerContext } from '../../../host/dispatcher/types.ts';
import type { Failure } from '../../../host/protocol/types.ts';
import { BLOCK, handler, loadHook, MemoryPlugin, plugin, Stage, VIOLATION } from '../../support/events.ts';
import { waitUntil } from '../../support/wait-until.ts';

let stage = new Stage();
afterEach(() => {
  stage.close();
  stage = new Stage();
});

const BACKGROUND = { mode: 'fire_and_forget' } as const;

class FullPlugin extends MemoryPlugin {
  override notify(): Failure {
    return { code: 'PLUGIN_OVERLOADED', message: 'the queue is full' };
  }
}

test('tell() hands over the final payload and the outcome', async () => {
  const hook = await loadHook();
  const told = new MemoryPlugin('told');
  const changing = new MemoryPlugin('changing', () => ({ action: 'modify', changes: { title: 'final' } }));

  const { event } = await stage.emit(hook, [plugin(hook, told, BACKGROUND), plugin(hook, changing)]);

  expect(JSON.parse(`{${told.notes[0]}}`)).toMatchObject({
    event,
    hook: 'app.save',
    payload: { title: 'final' },
    outcome: { status: 'continued' },
  });
  expect(stage.trace.answers[1]).toMatchObject({ plugin: 'told', stage: 1, status: 'delivered' });
});

test('tell() tells of a blocked event too', async () => {
  const hook = await loadHook();
  const told = new MemoryPlugin('told');

  await stage.emit(hook, [plugin(hook, new MemoryPlugin('blocking', () => BLOCK)), plugin(hook, told, BACKGROUND)]);

  expect(JSON.parse(`{${told.notes[0]}}`).outcome).toEqual({ status: 'blocked', by: 'blocking', cause: 'verdict', violation: VIOLATION });
});

test('tell() skips listeners whose filter does not fit the final payload', async () => {
  const hook = await loadHook();
  const told = new MemoryPlugin('told');

  await stage.emit(hook, [plugin(hook, told, { ...BACKGROUND, match: [{ title: 'other' }] })]);

  expect(told.notes).toEqual([]);
  expect(stage.trace.skipped).toEqual([{ plugin: 'told', reason: 'match' }]);
});

test('tell() hands a plugin the state it left earlier in the operation', async () => {
  const hook = await loadHook();
  const operation = new OperationState('o');
  operation.states.set('told', '{"started":1}');
  const [told, other] = [new MemoryPlugin('told'), new MemoryPlugin('other')];

  await stage.emit(hook, [plugin(hook, told, BACKGROUND), plugin(hook, other, BACKGROUND)], { origin: { operation } });

  expect(JSON.parse(`{${told.notes[0]}}`).state).toEqual({ started: 1 });
  expect(JSON.parse(`{${other.notes[0]}}`)).not.toHaveProperty('state');
});

test.each(['fail', 'ignore'] as const)('tell() records what could not be delivered and never blocks under "%s"', async (onFailure) => {
  const hook = await loadHook();

  const outcome = await stage.emit(hook, [plugin(hook, new FullPlugin('full'), { ...BACKGROUND, onFailure })]);

  expect(outcome.status).toBe('continued');
  expect(stage.trace).toMatchObject({
    outcome: { status: 'continued' },
    answers: [{ plugin: 'full', status: 'failed', code: 'PLUGIN_OVERLOADED', failOpen: true }],
  });
});

test('tell() runs an in-process listener after the event, on the payload as it was', async () => {
  const hook = await loadHook();
  const heard: unknown[] = [];
  const listening = handler(
    hook,
    'listening',
    (payload: object, { outcome }: HandlerContext) => heard.push({ payload, outcome }),
    BACKGROUND,
  );
  const payload = { title: 'draft' };

  await stage.emit(hook, [listening], { payload });
  expect(heard).toEqual([]);
  payload.title = 'used for something else';
  await waitUntil(() => heard.length > 0, 'the listener to run');

  expect(heard).toEqual([{ payload: { title: 'draft' }, outcome: { status: 'continued' } }]);
});

test.each([
  [
    'throws',
    () => {
      throw new Error('oh no');
    },
  ],
  ['rejects', () => Promise.reject(new Error('oh no'))],
])('tell() reports a listener that %s', async (_, run) => {
  const hook = await loadHook();

  const outcome = await stage.emit(hook, [handler(hook, 'h', run, BACKGROUND)]);
  await waitUntil(() => stage.backgroundErrors.length > 0, 'the error to be reported');

  expect(outcome.status).toBe('continued');
  expect(stage.backgroundErrors).toEqual([new Error('oh no')]);
});
