import { afterEach, expect, test } from 'vitest';
import { REDACTED } from '../../../host/dispatcher/redact.ts';
import type { LoadedHook, Sensitivity } from '../../../host/registry/types.ts';
import { BLOCK, handler, loadHook, MemoryPlugin, plugin, Stage } from '../../support/events.ts';

let stage = new Stage();
afterEach(() => {
  stage.close();
  stage = new Stage();
});

const TOKEN = 'hunter2';
const MAIL = 'ann@example.org';
const PAYLOAD = { title: 'draft', token: TOKEN, user: { mail: MAIL, id: 7 } };

const payload = {
  type: 'object',
  properties: {
    title: { type: 'string' },
    token: { type: 'string', pattern: '^[a-z]+[0-9]$', 'x-sensitive': 'secret' },
    user: { type: 'object', properties: { mail: { type: 'string', 'x-sensitive': 'personal' }, id: { type: 'integer' } } },
  },
  required: ['title'],
};
const replaceSchema = { type: 'object', properties: { key: { type: 'string', 'x-sensitive': 'secret' } } };

const load = (): Promise<LoadedHook> => loadHook({ payload, replaceSchema });
const KINDS: Sensitivity[][] = [[], ['secret'], ['personal'], ['secret', 'personal']];

test('emit() shows each plugin the fields it was granted, and serialises once for all that see the same', async () => {
  const hook = await load();
  const plugins = [...KINDS, ...KINDS].map((sees, index) => ({ sees, memory: new MemoryPlugin(`p${index}`, () => null) }));

  await stage.emit(
    hook,
    plugins.map(({ memory, sees }) => plugin(hook, memory, { sees, mode: 'concurrent' })),
    { payload: PAYLOAD },
  );

  expect(plugins.slice(0, 4).map(({ memory }) => memory.payload())).toEqual([
    { title: 'draft', token: REDACTED, user: { mail: REDACTED, id: 7 } },
    { title: 'draft', token: TOKEN, user: { mail: REDACTED, id: 7 } },
    { title: 'draft', token: REDACTED, user: { mail: MAIL, id: 7 } },
    PAYLOAD,
  ]);
  expect(new Set(plugins.map(({ memory }) => memory.calls[0]?.shared)).size).toBe(4);
});

test('emit() shows an in-process handler everything and a later plugin the payload as it is then', async () => {
  const hook = await load();
  const seen: unknown[] = [];
  const before = new MemoryPlugin('before', () => null);
  const after = new MemoryPlugin('after', () => null);
  const own = (shown: unknown) => {
    seen.push(shown);
    return { action: 'modify', changes: { title: 'new', token: 'other1' } };
  };

  const outcome = await stage.emit(
    hook,
    [plugin(hook, before, { priority: 1 }), handler(hook, 'own', own, { priority: 2 }), plugin(hook, after, { priority: 3 })],
    { payload: PAYLOAD },
  );

  expect(seen).toEqual([PAYLOAD]);
  expect([before.payload(), after.payload()]).toMatchObject([
    { title: 'draft', token: REDACTED },
    { title: 'new', token: REDACTED },
  ]);
  expect(outcome.payload).toMatchObject({ title: 'new', token: 'other1' });
});

test('emit() keeps what was hidden from a plugin that sends back all it was shown', async () => {
  const hook = await load();
  const echo = new MemoryPlugin('echo', (call) => ({
    action: 'modify',
    changes: { ...(JSON.parse(`{${call.shared}}`) as { payload: object }).payload, title: 'new' },
  }));

  const outcome = await stage.emit(hook, [plugin(hook, echo)], { payload: PAYLOAD });

  expect(outcome.payload).toEqual({ ...PAYLOAD, title: 'new' });
  expect(stage.trace.outcome.changed).toEqual([{ pointer: '/title', by: ['echo'] }]);
});

test('emit() fails an answer that would leave the redaction mark in the payload', async () => {
  const hook = await load();
  const bad = new MemoryPlugin('bad', () => ({ action: 'modify', changes: { token: `Bearer ${REDACTED}` } }));

  expect(await stage.emit(hook, [plugin(hook, bad)], { payload: PAYLOAD })).toMatchObject({
    status: 'blocked',
    payload: PAYLOAD,
    violation: {
      code: 'ANSWER_NOT_WRITABLE',
      reason: expect.stringContaining('Cannot change "/token" at "app.save": it holds "[redacted]"'),
    },
  });
});

test('emit() answers a guess outside of what is writable the same way, right or wrong', async () => {
  const hook = await loadHook({ payload, replaceSchema, writable: ['/title'] });
  const guesses = [TOKEN, 'wrong1'].map((token) => new MemoryPlugin('guess', () => ({ action: 'modify', changes: { token } })));
  const reasons: unknown[] = [];
  for (const guess of guesses) reasons.push((await stage.emit(hook, [plugin(hook, guess)], { payload: PAYLOAD })).violation);

  expect(reasons[0]).toEqual(reasons[1]);
  expect(reasons[0]).toMatchObject({ code: 'ANSWER_NOT_WRITABLE' });
});

test('emit() shows a listener neither payload nor replacement value beyond its grants', async () => {
  const hook = await load();
  const replacing = new MemoryPlugin('replacing', () => ({ action: 'replace', value: { key: TOKEN, size: 1 } }));
  const blind = new MemoryPlugin('blind');
  const seeing = new MemoryPlugin('seeing');
  const background = { mode: 'fire_and_forget' } as const;

  const outcome = await stage.emit(
    hook,
    [plugin(hook, replacing), plugin(hook, blind, background), plugin(hook, seeing, { ...background, sees: ['secret'] })],
    { payload: PAYLOAD },
  );

  const notes = [blind, seeing].map(({ notes: [note] }) => JSON.parse(`{${note}}`) as unknown);
  expect(notes).toMatchObject([
    { payload: { token: REDACTED, user: { mail: REDACTED } }, outcome: { value: { key: REDACTED, size: 1 } } },
    { payload: { token: TOKEN, user: { mail: REDACTED } }, outcome: { value: { key: TOKEN, size: 1 } } },
  ]);
  expect(outcome.value).toEqual({ key: TOKEN, size: 1 });
});

test('emit() fails a replacement value that holds the redaction mark', async () => {
  const hook = await load();
  const copying = new MemoryPlugin('copying', () => ({ action: 'replace', value: { key: REDACTED } }));

  expect((await stage.emit(hook, [plugin(hook, copying)])).violation).toMatchObject({ code: 'ANSWER_VALUE_INVALID' });
});

test.each<[string, unknown, object]>([
  ['a change', { action: 'modify', changes: { token: 'other1', user: { mail: 'b@c.de' } } }, {}],
  ['a change it would make', { action: 'modify', changes: { token: 'other1', user: { mail: 'b@c.de' } } }, { mode: 'audit' }],
  ['a replacement value', { action: 'replace', value: { key: TOKEN } }, {}],
  ['a replacement value it would give', { action: 'replace', value: { key: TOKEN } }, { mode: 'audit' }],
  ['a change that breaks the schema', { action: 'modify', changes: { token: 'hunter22' } }, { onFailure: 'ignore' }],
  ['a misplaced change', { action: 'modify', changes: { user: 'hunter22' } }, { onFailure: 'ignore' }],
  ['a value that breaks the schema', { action: 'replace', value: { key: [TOKEN] } }, { onFailure: 'ignore' }],
  ['an answer nobody understands', { action: 'modify', changes: TOKEN }, { onFailure: 'ignore' }],
])('a trace shows no sensitive value of %s', async (_, answer, wishes) => {
  const hook = await load();
  const knowing = new MemoryPlugin('knowing', () => answer);

  const outcome = await stage.emit(hook, [plugin(hook, knowing, { sees: ['secret', 'personal'], ...wishes })], { payload: PAYLOAD });

  const text = JSON.stringify([stage.trace, outcome.trace]);
  expect(text).not.toMatch(/hunter2|other1|ann@|b@c/);
  expect(text).toContain(REDACTED);
});

test('a trace still says which sensitive field was changed and by whom', async () => {
  const hook = await load();
  const changing = new MemoryPlugin('changing', () => ({ action: 'modify', changes: { token: 'other1' } }));

  await stage.emit(hook, [plugin(hook, changing)], { payload: PAYLOAD });

  expect(stage.trace.answers[0]?.changes).toEqual([{ pointer: '/token', op: 'replace', from: REDACTED, to: REDACTED }]);
  expect(stage.trace.outcome.changed).toEqual([{ pointer: '/token', by: ['changing'] }]);
});

test('emit() does not quote a sensitive value of a payload it refuses', async () => {
  const hook = await load();
  const refused = stage.emit(hook, [plugin(hook, new MemoryPlugin('p', () => BLOCK))], { payload: { title: 't', token: 'HUNTER2' } });

  await expect(refused).rejects.toMatchObject({
    code: 'PAYLOAD_INVALID',
    message: 'Cannot emit "app.save": /token must match ^[a-z]+[0-9]$; got "[redacted]"',
    data: [{ pointer: '/token', message: expect.not.stringContaining('HUNTER2') }],
  });
});
