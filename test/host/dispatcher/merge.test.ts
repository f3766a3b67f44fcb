import { expect, test } from 'vitest';
import { type Asked, type Judgement, judge, merge, type Progress } from '../../../host/dispatcher/merge.ts';
import type { Mode } from '../../../host/registry/types.ts';
import { BLOCK, loadHook, VIOLATION } from '../../support/events.ts';

const PAYLOAD = { title: 'draft', tags: ['a'] };
const MODIFY = { action: 'modify', changes: { title: 'new' } } as const;
const REPLACE = { action: 'replace', value: { id: 7 } } as const;

async function asked(mode: Mode = 'sequential', rules: Parameters<typeof loadHook>[0] = {}): Promise<Asked> {
  return { hook: await loadHook(rules), mode, payload: PAYLOAD };
}

/** In one word what became of an answer. */
function inShort(judgement: Judgement): string {
  if (judgement.status === 'failed') return judgement.failure.code;
  return 'would' in judgement && judgement.would !== undefined ? `would ${judgement.would.action}` : judgement.status;
}

const POWERS: [mode: Mode, modify: string, block: string, replace: string][] = [
  ['sequential', 'modified', 'blocked', 'replaced'],
  ['transform', 'modified', 'would block', 'would replace'],
  ['audit', 'would modify', 'would block', 'would replace'],
  ['concurrent', 'ANSWER_NOT_ALLOWED', 'blocked', 'ANSWER_NOT_ALLOWED'],
  ['fire_and_forget', 'ANSWER_NOT_ALLOWED', 'ANSWER_NOT_ALLOWED', 'ANSWER_NOT_ALLOWED'],
];

test.each(POWERS)('judge() in mode %s: modify is %s, block %s, replace %s', async (mode, modify, block, replace) => {
  const question = await asked(mode);

  expect([MODIFY, BLOCK, REPLACE].map((answer) => inShort(judge(question, answer, 0)))).toEqual([modify, block, replace]);
});

test.each(POWERS)('judge() in mode %s refuses what the hook point does not allow', async (mode) => {
  const question = await asked(mode, { allows: [] });

  expect([MODIFY, BLOCK, REPLACE].map((answer) => inShort(judge(question, answer, 0)))).toEqual(Array(3).fill('ANSWER_NOT_ALLOWED'));
});

test('judge() says what the hook point allows when it refuses', async () => {
  const some = judge(await asked('sequential', { allows: ['modify', 'replace'] }), BLOCK, 0);
  const none = judge(await asked('sequential', { allows: [] }), BLOCK, 0);

  expect(some).toHaveProperty('failure.message', 'Cannot block at "app.save": the hook point allows "modify", "replace"');
  expect(none).toHaveProperty('failure.message', 'Cannot block at "app.save": the hook point allows nothing but "continue"');
});

test.each([[null], [undefined], [{}], [{ action: 'continue' }], [{ state: 1 }], [{ metadata: { a: 1 } }]])(
  'judge() goes on for %j',
  async (answer) => {
    expect(judge(await asked('sequential', { allows: [] }), answer, 0).status).toBe('continued');
  },
);

const INVALID: [answer: unknown][] = [
  ['yes'],
  [42],
  [true],
  [[]],
  [{ action: 'veto' }],
  [{ action: 'modify' }],
  [{ action: 'modify', changes: [] }],
  [{ action: 'block' }],
  [{ action: 'block', violation: { code: '', reason: 'x' } }],
  [{ action: 'replace' }],
  [{ changes: { title: 'without an action' } }],
  [{ action: 'block', violation: VIOLATION, changes: {} }],
  [{ metadata: 'text' }],
  [{ retryAfterMs: -1 }],
];

test.each(INVALID)('judge() fails %j as ANSWER_INVALID', async (answer) => {
  expect(inShort(judge(await asked(), answer, 0))).toBe('ANSWER_INVALID');
});

test('judge() says that an answer needs an action', async () => {
  const forgotten = judge(await asked(), { changes: {} }, 0);
  const wrong = judge(await asked(), { action: 'modify' }, 0);

  expect(forgotten).toHaveProperty('failure.message', expect.stringContaining('; an answer without an "action" means continue'));
  expect(wrong).toHaveProperty('failure.message', 'Cannot use the answer to "app.save": it lacks "changes"');
});

test('judge() fails an answer that nests too deeply without overflowing the stack', async () => {
  const text = `{"metadata":{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`;

  expect(inShort(judge(await asked(), JSON.parse(text), text.length))).toBe('ANSWER_INVALID');
});

test('judge() fails an edit outside writable and names the place', async () => {
  const judgement = judge(await asked('sequential', { writable: ['/tags'] }), MODIFY, 0);

  expect(judgement).toEqual({
    status: 'failed',
    failure: { code: 'ANSWER_NOT_WRITABLE', message: 'Cannot change "/title" at "app.save": writable is "/tags"' },
  });
});

test('judge() fails the whole answer when one of its edits is not writable', async () => {
  const answer = { action: 'modify', changes: { tags: ['b'], title: 'new' } };

  expect(inShort(judge(await asked('sequential', { writable: ['/tags'] }), answer, 0))).toBe('ANSWER_NOT_WRITABLE');
});

test.each(['sequential', 'audit'] as const)('judge() holds %s to writable', async (mode) => {
  expect(inShort(judge(await asked(mode, { writable: ['/tags'] }), MODIFY, 0))).toBe('ANSWER_NOT_WRITABLE');
});

test('judge() lets an echo of the unchanged payload pass', async () => {
  const judgement = judge(
    await asked('sequential', { writable: ['/tags'] }),
    { action: 'modify', changes: { ...PAYLOAD, tags: ['b'] } },
    0,
  );

  expect(judgement).toMatchObject({ status: 'modified', payload: { title: 'draft', tags: ['b'] } });
});

test.each([[{ title: null }], [{ title: 1 }], [{ tags: 'none' }]])('judge() fails changes %j that break the payload', async (changes) => {
  const judgement = judge(await asked(), { action: 'modify', changes }, 0);

  expect(inShort(judgement)).toBe('ANSWER_PAYLOAD_INVALID');
});

test('judge() gives the changed payload and leaves the old one', async () => {
  const judgement = judge(await asked(), MODIFY, 0);

  expect(judgement).toMatchObject({ status: 'modified', before: PAYLOAD, payload: { title: 'new', tags: ['a'] }, patch: MODIFY.changes });
  expect(PAYLOAD.title).toBe('draft');
});

test('judge() checks a replacement value against its schema', async () => {
  const question = await asked('sequential', { replaceSchema: { type: 'object', required: ['id'] } });

  expect(inShort(judge(question, REPLACE, 0))).toBe('replaced');
  expect(inShort(judge(question, { action: 'replace', value: {} }, 0))).toBe('ANSWER_VALUE_INVALID');
  expect(inShort(judge({ ...question, mode: 'audit' }, { action: 'replace', value: {} }, 0))).toBe('ANSWER_VALUE_INVALID');
});

test('judge() takes null for a value', async () => {
  expect(judge(await asked(), { action: 'replace', value: null }, 0)).toMatchObject({ status: 'replaced', value: null });
});

const START: Progress = { status: 'continued', payload: PAYLOAD };
const FAILED: Judgement = { status: 'failed', failure: { code: 'PLUGIN_TIMEOUT', message: 'too slow' } };

test('merge() keeps the first decision', () => {
  const blocked = merge(START, { plugin: 'a', onFailure: 'fail' }, { status: 'blocked', given: BLOCK, violation: VIOLATION });

  const later = merge(blocked, { plugin: 'b', onFailure: 'fail' }, { status: 'replaced', given: REPLACE, value: 1 });

  expect(later).toEqual({ status: 'blocked', payload: PAYLOAD, by: 'a', cause: 'verdict', violation: VIOLATION });
});

test('merge() fails closed with the failure as the violation', () => {
  expect(merge(START, { plugin: 'a', onFailure: 'fail' }, FAILED)).toEqual({
    status: 'blocked',
    payload: PAYLOAD,
    by: 'a',
    cause: 'failure',
    violation: { code: 'PLUGIN_TIMEOUT', reason: 'Plugin "a" failed, and the event must not go on without it: too slow' },
  });
});

test.each(['ignore', 'disable'] as const)('merge() goes on after a failure under "%s"', (onFailure) => {
  expect(merge(START, { plugin: 'a', onFailure }, FAILED)).toBe(START);
});

test.each([[{ status: 'continued' }], [{ status: 'cancelled' }], [{ status: 'delivered' }]] as const)(
  'merge() goes on after %j',
  (judgement) => {
    expect(merge(START, { plugin: 'a', onFailure: 'fail' }, judgement)).toBe(START);
  },
);

test('merge() tells when trying again could help', () => {
  const given = { ...BLOCK, retryAfterMs: 100 };

  expect(merge(START, { plugin: 'a', onFailure: 'fail' }, { status: 'blocked', given, violation: VIOLATION })).toHaveProperty(
    'retryAfterMs',
    100,
  );
});

test('merge() cuts a reason to what a violation may hold', () => {
  const failure = { code: 'PLUGIN_ERROR', message: 'x'.repeat(5000) } as const;
  const { violation } = merge(START, { plugin: 'a', onFailure: 'fail' }, { status: 'failed', failure });

  expect(violation?.reason.length).toBe(2000);
});
