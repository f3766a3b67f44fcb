import { expect, test } from 'vitest';
import hostPackage from '../../../host/package.json' with { type: 'json' };
import type { Reply } from '../../../host/process/types.ts';
import { wireNumber } from '../../../host/protocol/errors.ts';
import { HOST, readHello } from '../../../host/supervisor/handshake.ts';

const answered = (result: unknown): Reply => ({ ok: true, result, bytes: 2 });
const failed = (code: 'PLUGIN_ERROR' | 'PLUGIN_TIMEOUT', wireCode?: number): Reply => ({
  ok: false,
  failure: { code, message: 'why' },
  ...(wireCode === undefined ? {} : { wireCode }),
});

test('HOST calls itself what package.json says', () => {
  expect(HOST).toEqual({ name: hostPackage.name, version: hostPackage.version });
});

test('readHello() says what stdout told when no answer came', () => {
  const hello = readHello('redact', failed('PLUGIN_TIMEOUT'), 100, '; nothing came on its stdout');

  expect(hello).toMatchObject({ failure: { message: 'Cannot start plugin "redact": no hello within 100 ms; nothing came on its stdout' } });
});

test.for([[{}], [null], [{ protocol: 1 }], [{ plugin: { name: 'x', version: '2' }, future: true }]])(
  'readHello() accepts %j',
  ([result]) => {
    expect(readHello('redact', answered(result), 100)).toEqual({ ok: true });
  },
);

test.for([
  [answered({ protocol: 2 }), 'declined', 'PLUGIN_PROTOCOL_UNSUPPORTED', 'the host is too old'],
  [answered({ protocol: 0 }), 'declined', 'PLUGIN_PROTOCOL_UNSUPPORTED', 'the plugin is too old'],
  [failed('PLUGIN_ERROR', wireNumber('PROTOCOL_UNSUPPORTED')), 'declined', 'PLUGIN_PROTOCOL_UNSUPPORTED', 'does not speak protocol 1'],
  [answered({ disable: 'no git' }), 'declined', 'PLUGIN_DECLINED', 'no git'],
  [answered({ disable: 1 }), 'start', 'PLUGIN_START_FAILED', 'result/disable must be string'],
  [answered([]), 'start', 'PLUGIN_START_FAILED', 'result must be object'],
  [answered(undefined), 'start', 'PLUGIN_START_FAILED', 'is not valid'],
  [failed('PLUGIN_ERROR', -32601), 'start', 'PLUGIN_START_FAILED', 'why'],
  [failed('PLUGIN_TIMEOUT'), 'start', 'PLUGIN_START_TIMEOUT', 'no hello within 100 ms'],
] as const)('readHello() of %j is %s with %s', ([reply, death, code, text]) => {
  expect(readHello('redact', reply, 100)).toEqual({ ok: false, death, failure: { code, message: expect.stringContaining(text) } });
});
