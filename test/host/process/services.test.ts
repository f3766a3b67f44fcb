import { expect, test } from 'vitest';
import { answerText, Services, wireError } from '../../../host/process/services.ts';
import { HostError } from '../../../host/protocol/errors.ts';

test('the library is opened at the first request, not before', () => {
  const delivered: object[] = [];
  let opened = 0;
  const openRpc = () => {
    opened++;
    return { deliver: (message: object) => delivered.push(message), close: () => undefined };
  };
  const services = new Services({ openRpc, refuse: () => expect.unreachable(), isRead: () => true });
  services.cancel(1);
  services.cancel(undefined);
  expect(opened).toBe(0);

  services.request(1, 'a', undefined);
  services.request('x', 'b', { k: 1 });
  services.cancel('x');

  expect(opened).toBe(1);
  expect(delivered).toEqual([
    { jsonrpc: '2.0', id: 1, method: 'a' },
    { jsonrpc: '2.0', id: 'x', method: 'b', params: { k: 1 } },
    { jsonrpc: '2.0', method: '$/cancelRequest', params: { id: 'x' } },
  ]);
});

test('an id may be used again once its answer was written', () => {
  const refused: unknown[] = [];
  const services = new Services({
    isRead: () => true,
    openRpc: () => ({ deliver: () => undefined, close: () => undefined }),
    refuse: (id, code) => refused.push([id, code]),
  });
  services.request(1, 'a', undefined);
  services.request('1', 'a', undefined);
  services.settled(1);
  services.request(1, 'a', undefined);

  expect(refused).toEqual([['1', 'REQUEST_INVALID']]);
});

test('wireError() shows a HostError and hides everything else', () => {
  expect(wireError(new HostError('PERMISSION_DENIED', 'No'))).toEqual({ code: -32001, message: 'No', data: { code: 'PERMISSION_DENIED' } });
  expect(wireError(new TypeError('at secret.ts')).message).not.toContain('secret');
});

test('answerText() replaces a result that cannot be sent by an error', () => {
  const circular: { self?: unknown } = {};
  circular.self = circular;

  expect(JSON.parse(answerText({ id: 1, result: circular }, 'p', 1000))).toMatchObject({ id: 1, error: { code: -32603 } });
  expect(JSON.parse(answerText({ id: 1, result: 'x'.repeat(1000) }, 'p', 1000))).toMatchObject({ id: 1, error: { code: -32007 } });
  expect(answerText({ id: 1, result: null }, 'p', 1000)).toBe('{"jsonrpc":"2.0","id":1,"result":null}');
});
