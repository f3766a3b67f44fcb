import { afterEach, expect, test } from 'vitest';
import { OperationState } from '../../../host/dispatcher/operations.ts';
import type { HandlerContext } from '../../../host/dispatcher/types.ts';
import { BLOCK, handler, loadHook, Stage } from '../../support/events.ts';

let stage = new Stage();
afterEach(() => {
  stage.close();
  stage = new Stage();
});

const never = new Promise<never>(() => undefined);
const circle: Record<string, unknown> = { title: 'x' };
circle['self'] = circle;

const SINS: [name: string, run: (payload: Record<string, unknown>) => unknown, code: string][] = [
  [
    'throws',
    () => {
      throw new Error('oh no');
    },
    'PLUGIN_ERROR',
  ],
  ['rejects', () => Promise.reject(new Error('oh no')), 'PLUGIN_ERROR'],
  [
    'throws no error',
    () => {
      throw 'oh no';
    },
    'PLUGIN_ERROR',
  ],
  [
    'throws what cannot be shown as text',
    () => {
      throw Object.create(null);
    },
    'PLUGIN_ERROR',
  ],
  [
    'throws an error whose message cannot be read',
    () => {
      throw Object.defineProperty(new Error(), 'message', {
        get() {
          throw new Error('no');
        },
      });
    },
    'PLUGIN_ERROR',
  ],
  ['never settles', () => never, 'PLUGIN_TIMEOUT'],
  [
    'answers with something like a promise that gives a promise that never settles',
    () => Object.fromEntries([['then', (resolve: (value: unknown) => void) => resolve(never)]]),
    'PLUGIN_TIMEOUT',
  ],
  ['answers a text', () => 'yes', 'ANSWER_INVALID'],
  ['answers an unknown action', async () => ({ action: 'veto' }), 'ANSWER_INVALID'],
  ['answers what is no JSON', () => ({ action: 'modify', changes: { title: 1n } }), 'ANSWER_INVALID'],
  ['answers with what holds itself', () => ({ action: 'modify', changes: circle }), 'ANSWER_INVALID'],
  ['leaves a state that is no JSON', () => ({ state: () => 1 }), 'ANSWER_INVALID'],
  [
    'blocks with details that are no JSON',
    () => ({ action: 'block', violation: { ...BLOCK.violation, details: { n: 1n } } }),
    'ANSWER_INVALID',
  ],
  ['changes the payload it was given', (payload) => Object.assign(payload, { title: 'mine' }), 'PLUGIN_ERROR'],
  ['changes the inside of the payload', (payload) => (payload['tags'] as string[]).push('mine'), 'PLUGIN_ERROR'],
];

test.each(SINS)('callHandler() fails a handler that %s', async (_, run, code) => {
  const hook = await loadHook({ timeoutMs: 20 });
  const payload = { title: 'draft', tags: ['a'] };

  const outcome = await stage.emit(hook, [handler(hook, 'h', run)], { payload });

  expect(outcome).toMatchObject({ status: 'blocked', by: 'h', cause: 'failure', violation: { code } });
  expect(payload).toEqual({ title: 'draft', tags: ['a'] });
});

test('callHandler() names the handler, the hook point and the cause', async () => {
  const hook = await loadHook();
  const fails = handler(hook, 'careless', () => Promise.reject(new Error('oh no')), { onFailure: 'ignore' });

  await stage.emit(hook, [fails]);

  expect(stage.trace.answers[0]?.message).toBe('Handler "careless" failed at "app.save": oh no');
});

test('callHandler() tells the budget from the timeout of the handler', async () => {
  const hook = await loadHook({ timeoutMs: 30, budgetMs: 30 });
  const wait = (): Promise<never> => never;

  await stage.emit(hook, [
    handler(hook, 'first', wait, { onFailure: 'ignore', timeoutMs: 10 }),
    handler(hook, 'second', wait, { onFailure: 'ignore' }),
  ]);

  expect(stage.trace.answers.map(({ code }) => code)).toEqual(['PLUGIN_TIMEOUT', 'EVENT_BUDGET_SPENT']);
});

test('callHandler() aborts the signal of a handler that is too slow, also when it looks at it later', async () => {
  const hook = await loadHook({ timeoutMs: 20 });
  const contexts: HandlerContext[] = [];
  const slow = handler(hook, 'slow', (_: unknown, context: HandlerContext) => {
    contexts.push(context);
    return never;
  });

  await stage.emit(hook, [slow]);

  expect(contexts[0]?.signal.aborted).toBe(true);
  expect(contexts[0]).toHaveProperty('signal.reason.message', expect.stringContaining('within 20 ms'));
});

test('callHandler() ignores an answer that comes too late', async () => {
  const hook = await loadHook({ timeoutMs: 20 });
  let answer = (_: unknown): void => undefined;
  const late = new Promise((resolve) => {
    answer = resolve;
  });
  const outcome = await stage.emit(hook, [handler(hook, 'late', () => late, { onFailure: 'ignore' })]);

  answer(BLOCK);
  await late;

  expect(outcome.status).toBe('continued');
});

test('callHandler() tells a handler the event, its context and what it left earlier', async () => {
  const hook = await loadHook();
  const operation = new OperationState('o');
  const seen: unknown[] = [];
  const counting = handler(hook, 'counting', (payload: object, { event, hook: name, context, state, outcome }: HandlerContext) => {
    seen.push({ payload, event, name, operation: context.operation, state, outcome });
    return { state: [event] };
  });

  const first = await stage.emit(hook, [counting], { origin: { operation } });
  const second = await stage.emit(hook, [counting], { origin: { operation } });

  const both = { payload: { title: 'draft' }, name: 'app.save', operation: 'o', outcome: undefined };
  expect(seen).toEqual([
    { ...both, event: first.event, state: undefined },
    { ...both, event: second.event, state: [first.event] },
  ]);
});

test('callHandler() ignores keys without a value', async () => {
  const hook = await loadHook();
  const answer = { action: 'modify', changes: { title: undefined, tags: ['a'] }, violation: undefined, state: undefined };

  const outcome = await stage.emit(hook, [handler(hook, 'h', () => answer)]);

  expect(outcome.payload).toEqual({ title: 'draft', tags: ['a'] });
});
