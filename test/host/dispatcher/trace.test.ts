import { trace as isTrace } from '@outrigger/schemas/validate-files';
import { afterEach, expect, test } from 'vitest';
import { OperationState } from '../../../host/dispatcher/operations.ts';
import { check } from '../../../host/protocol/validator.ts';
import { BLOCK, failure, handler, loadHook, MemoryPlugin, plugin, Stage, VIOLATION } from '../../support/events.ts';

let stage = new Stage();
afterEach(() => {
  expect(check(isTrace, JSON.parse(JSON.stringify(stage.trace)))).toBeUndefined();
  stage.close();
  stage = new Stage();
});

const modify = (changes: object) => () => ({ action: 'modify', changes });

test('makeTrace() tells who stood where and why, who answered what, and what became of the event', async () => {
  const hook = await loadHook();
  const { event } = await stage.emit(hook, [
    plugin(hook, new MemoryPlugin('changing', modify({ title: 'new' })), { priority: 10, sources: { priority: 'config' } }),
    plugin(hook, new MemoryPlugin('watching', () => BLOCK), { mode: 'audit' }),
    plugin(hook, new MemoryPlugin('told'), { mode: 'fire_and_forget' }),
    plugin(hook, new MemoryPlugin('off', () => null), { mode: 'disabled' }),
  ]);

  expect(stage.trace).toMatchObject({
    event,
    hook: 'app.save',
    depth: 0,
    plan: [
      {
        plugin: 'changing',
        mode: 'sequential',
        stage: 0,
        priority: 10,
        why: ['mode sequential by default', 'priority 10 from the config'],
      },
      { plugin: 'watching', mode: 'audit', stage: 1, priority: 50 },
      { plugin: 'told', mode: 'fire_and_forget', stage: 2, priority: 50 },
    ],
    answers: [
      {
        plugin: 'changing',
        status: 'modified',
        changes: [{ pointer: '/title', op: 'replace', from: 'draft', to: 'new' }],
        attempts: 1,
        pid: 4711,
      },
      { plugin: 'watching', status: 'continued', would: { action: 'block', violation: VIOLATION } },
      { plugin: 'told', status: 'delivered' },
    ],
    skipped: [{ plugin: 'off', reason: 'disabled' }],
    outcome: { status: 'continued', changed: [{ pointer: '/title', by: ['changing'] }] },
  });
});

test('makeTrace() names all who wrote one place, the last one last', async () => {
  const hook = await loadHook();

  const outcome = await stage.emit(hook, [
    plugin(hook, new MemoryPlugin('first', modify({ title: 'one', tags: ['x'] }))),
    handler(hook, 'second', modify({ title: 'two' })),
  ]);

  expect(outcome.payload).toEqual({ title: 'two', tags: ['x'] });
  expect(outcome.trace.outcome.changed).toEqual([
    { pointer: '/title', by: ['first', 'second'] },
    { pointer: '/tags', by: ['first'] },
  ]);
});

test('makeTrace() shows no change where an answer echoes what is there', async () => {
  const hook = await loadHook();

  await stage.emit(hook, [plugin(hook, new MemoryPlugin('echo', modify({ title: 'draft' })))]);

  expect(stage.trace).toMatchObject({ answers: [{ status: 'modified', changes: [] }], outcome: { changed: [] } });
});

test('makeTrace() shows what shadow policies would have done', async () => {
  const hook = await loadHook();

  await stage.emit(hook, [
    plugin(hook, new MemoryPlugin('a', modify({ title: 'x' })), { mode: 'audit' }),
    plugin(hook, new MemoryPlugin('b', () => ({ action: 'replace', value: 1 })), { mode: 'audit' }),
  ]);

  expect(stage.trace.answers.map(({ would }) => would)).toEqual([
    { action: 'modify', changes: [{ pointer: '/title', op: 'replace', from: 'draft', to: 'x' }] },
    { action: 'replace', value: 1 },
  ]);
});

test('makeTrace() tells a failure by its code and whether the event went on', async () => {
  const hook = await loadHook();
  const failing = new MemoryPlugin('failing');
  const outcome = stage.emit(hook, [plugin(hook, failing)]);
  failing.calls[0]?.settle(failure('PLUGIN_TIMEOUT'));
  await outcome;

  expect(stage.trace).toMatchObject({
    answers: [{ status: 'failed', code: 'PLUGIN_TIMEOUT', message: 'it failed with PLUGIN_TIMEOUT', failOpen: false }],
    outcome: { status: 'blocked', by: 'failing', cause: 'failure', violation: { code: 'PLUGIN_TIMEOUT' } },
  });
});

test('makeTrace() gives every reader a plan of their own', async () => {
  const hook = await loadHook();
  await stage.emit(hook, [plugin(hook, new MemoryPlugin('p', () => null))]);
  const mine = stage.trace;
  const before = structuredClone(mine.plan);
  mine.plan[0]?.why.push('mine');
  mine.plan.pop();

  expect(before).toHaveLength(1);
  expect(stage.trace.plan).toEqual(before);
});

test('makeTrace() skips nobody when all have answered, and says so of whoever has not', async () => {
  const hook = await loadHook();
  const all = [plugin(hook, new MemoryPlugin('first', () => BLOCK)), plugin(hook, new MemoryPlugin('second'))];

  await stage.emit(hook, all.slice(0, 1));
  expect(stage.trace.skipped).toEqual([]);
  await stage.emit(hook, all);
  expect(stage.trace.skipped).toEqual([{ plugin: 'second', reason: 'decided' }]);
});

test('makeTrace() leaves out the attempts of a call that no process ever saw', async () => {
  const hook = await loadHook();
  const refused = new MemoryPlugin('refused');
  const outcome = stage.emit(hook, [plugin(hook, refused)]);
  refused.calls[0]?.settle(failure('PLUGIN_QUARANTINED', 0));
  await outcome;

  expect(stage.trace.answers[0]).not.toHaveProperty('attempts');
});

test('makeTrace() tells where the event comes from', async () => {
  const hook = await loadHook();
  const memory = new MemoryPlugin('p', () => ({ metadata: { rule: 7 }, retryAfterMs: 5 }));
  await stage.emit(hook, [plugin(hook, memory)]);
  const [parent] = stage.begun;

  await stage.emit(hook, [plugin(hook, memory)], { origin: { parent, session: 's', operation: new OperationState('o') } });

  expect(stage.trace).toMatchObject({ parent: parent?.event, depth: 1, session: 's', operation: 'o' });
  expect(stage.trace.answers[0]).toMatchObject({ metadata: { rule: 7 }, retryAfterMs: 5 });
});

test('makeTrace() holds the replacement value', async () => {
  const hook = await loadHook();

  await stage.emit(hook, [plugin(hook, new MemoryPlugin('p', () => ({ action: 'replace', value: null })))]);

  expect(stage.trace).toMatchObject({
    answers: [{ status: 'replaced', value: null }],
    outcome: { status: 'replaced', by: 'p', value: null },
  });
});
