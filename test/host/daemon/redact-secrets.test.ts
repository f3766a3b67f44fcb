import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { guardedHandle, guardedLog, SecretGuard, VIOLATION_LENGTHS } from '../../../host/daemon/redact-secrets.ts';
import type { CallReply, HookCall } from '../../../host/supervisor/types.ts';

const VALUE = 'pa"ss wörd/+?$&1';

function guardOf(...values: string[]): SecretGuard {
  const guard = new SecretGuard();
  for (const [index, value] of values.entries()) guard.remember(`S${index}`, value);
  return guard;
}

test.each<[string, string]>([
  ['as it is', VALUE],
  ['in JSON', JSON.stringify(VALUE).slice(1, -1)],
  ['in a URL', encodeURIComponent(VALUE)],
  ['in base64', Buffer.from(VALUE).toString('base64')],
  ['in base64url', Buffer.from(VALUE).toString('base64url')],
])('SecretGuard replaces a secret %s', (_, spelling) => {
  const text = guardOf(VALUE).text(`before ${spelling} and ${spelling}after`);

  expect(text).toMatch(/^before \[secret S0\]=* and \[secret S0\]=*after$/);
});

test('SecretGuard leaves nothing of a secret that begins with another one', () => {
  expect(guardOf('abcdef', 'abcdefghij').text('x abcdefghij abcdef y')).toBe('x [secret S1] [secret S0] y');
});

test('SecretGuard replaces the lines of a long secret one by one, as stderr shows them', () => {
  const pem = '-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\nabc\n-----END KEY-----\n';

  expect(guardOf(pem).text('MIIEvQIBADANBgkqhkiG')).toBe('[secret S0]');
  expect(guardOf(pem).text('abc')).toBe('abc');
});

test('SecretGuard does not look for what is shorter than six characters', () => {
  expect(guardOf('12345').text('12345')).toBe('12345');
  expect(guardOf('12345').isEmpty).toBe(false);
  expect(guardOf('1').isEmpty).toBe(true);
});

test('SecretGuard looks through keys and texts of data, and gives the very data back when there is nothing', () => {
  const clean = { list: [1, 'text', null, { a: true }], none: undefined };
  const circle: Record<string, unknown> = { text: 'hush-hush' };
  circle['self'] = circle;
  const guard = guardOf('hush-hush');

  expect(guard.data({ 'key hush-hush': ['x hush-hush', { deep: 'hush-hush' }], clean })).toEqual({
    'key [secret S0]': ['x [secret S0]', { deep: '[secret S0]' }],
    clean,
  });
  expect(guard.data(clean)).toBe(clean);
  expect(JSON.stringify(guard.data(circle))).not.toContain('hush-hush');
});

test('SecretGuard keeps a bounded number of values, the latest ones', () => {
  const guard = new SecretGuard();
  for (let index = 0; index < 5000; index++) guard.remember('rotated', `value-number-${index}`);

  expect(guard.text('value-number-4999')).toBe('[secret rotated]');
  expect(guard.text('value-number-0 ')).toBe('value-number-0 ');
});

test('guardedLog() passes records on without secrets, and as they are while there are none', () => {
  const records: unknown[] = [];
  const keep = (...record: unknown[]): void => void records.push(record);
  const guard = new SecretGuard();
  const log = guardedLog({ debug: keep, info: keep, warn: keep, error: keep }, guard);
  const fields = { plugin: 'p', reason: 'hush-hush' };

  log.warn('said hush-hush', fields);
  guard.remember('TOKEN', 'hush-hush');
  for (const level of ['debug', 'info', 'warn', 'error'] as const) log[level]('said hush-hush', fields);

  const hidden = ['said [secret TOKEN]', { plugin: 'p', reason: '[secret TOKEN]' }];
  expect(records).toEqual([['said hush-hush', fields], hidden, hidden, hidden, hidden]);
  expect((records[0] as unknown[])[1]).toBe(fields);
});

test.each<[string, CallReply, CallReply]>([
  [
    'why it failed',
    { ok: false, failure: { code: 'PLUGIN_ERROR', message: 'no hush-hush' }, attempts: 1 },
    { ok: false, failure: { code: 'PLUGIN_ERROR', message: 'no [secret S0]' }, attempts: 1 },
  ],
  [
    'why it blocked, and not out of what it changes',
    { ...answered({ action: 'block', violation: { code: 'x', reason: 'hush-hush' }, changes: { a: 'hush-hush' } }) },
    { ...answered({ action: 'block', violation: { code: 'x', reason: '[secret S0]' }, changes: { a: 'hush-hush' } }) },
  ],
  [
    'a reason that is as long as one may be',
    answered({
      action: 'block',
      violation: { code: 'c', reason: `${'x'.repeat(1991)}hush-hush`, description: `${'y'.repeat(30_000)}hush-hush` },
    }),
    answered({
      action: 'block',
      // What was too long already is not made to fit.
      violation: { code: 'c', reason: `${'x'.repeat(1991)}[secret S`, description: `${'y'.repeat(30_000)}[secret S0]` },
    }),
  ],
])('guardedHandle() takes secrets out of %s', (_, given, expected) => {
  const replies: CallReply[] = [];
  const invoke = ({ settle }: HookCall) => {
    settle(given);
    return () => undefined;
  };
  const plugin = { name: 'p', invoke, notify: () => undefined };
  const call = { event: 'e', hook: 'a.b', settle: (reply: CallReply) => replies.push(reply) } as unknown as HookCall;

  guardedHandle(plugin, guardOf('hush-hush')).invoke(call);

  expect(replies).toEqual([expected]);
});

function answered(answer: object): CallReply {
  return { ok: true, answer, bytes: 1, pid: 1, coldStart: false, attempts: 1 };
}

test('the lengths of a violation are those of its schema', () => {
  const { $defs } = JSON.parse(readFileSync(new URL('../../../schemas/protocol/answer.schema.json', import.meta.url), 'utf8'));
  const { properties } = $defs.Violation;
  const bounds = Object.entries<{ maxLength?: number }>(properties).flatMap(([name, { maxLength }]) =>
    maxLength ? [[name, maxLength]] : [],
  );

  expect(VIOLATION_LENGTHS).toEqual(Object.fromEntries(bounds));
});
