import { expect, test } from 'vitest';
import { answerText, MAX_IN_FLIGHT_WEIGHT, Services, wireError } from '../../../host/process/services.ts';
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

  services.request({ id: 1 }, 'a', 10);
  services.request({ id: 'x', params: { k: 1 } }, 'b', 10);
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
  services.request({ id: 1 }, 'a', 10);
  services.request({ id: '1' }, 'a', 10);
  services.settled(1, 10);
  services.request({ id: 1 }, 'a', 10);

  expect(refused).toEqual([['1', 'REQUEST_INVALID']]);
});

/** Services with everything that leaves them. */
function rig() {
  const state = { isRead: true };
  const delivered: unknown[] = [];
  const refused: unknown[] = [];
  const services = new Services({
    isRead: () => state.isRead,
    openRpc: () => ({ deliver: (message) => delivered.push('id' in message ? message.id : message), close: () => undefined }),
    refuse: (id, code) => refused.push([id, code]),
  });
  return { state, delivered, refused, services };
}

test('requests that would take too much memory together are refused, one alone is not', () => {
  const { services, delivered, refused } = rig();
  services.request({ id: 1 }, 'hook/emit', 2 * MAX_IN_FLIGHT_WEIGHT);
  services.request({ id: 2 }, 'hook/emit', 1);
  services.settled(1, 10);
  services.request({ id: 3 }, 'hook/emit', MAX_IN_FLIGHT_WEIGHT - 1);
  services.request({ id: 4 }, 'hook/emit', 1);
  services.request({ id: 5 }, 'hook/emit', 1);

  expect([delivered, refused, services.refused]).toEqual([
    [1, 3, 4],
    [
      [2, 'SERVICE_BUSY'],
      [5, 'SERVICE_BUSY'],
    ],
    2,
  ]);
});

test('an answer that was not read keeps its place by its own size', () => {
  const { services, state, refused } = rig();
  services.request({ id: 1 }, 'hook/emit', 10);
  state.isRead = false;
  services.settled(1, MAX_IN_FLIGHT_WEIGHT);
  services.request({ id: 2 }, 'hook/emit', 10);
  state.isRead = true;
  services.request({ id: 3 }, 'hook/emit', 10);

  expect(refused).toEqual([[2, 'SERVICE_BUSY']]);
});

test('eight requests with large answers are served at once, the next when an answer was written', () => {
  const { services, delivered, refused } = rig();
  for (let id = 1; id <= 12; id++) services.request({ id }, 'net/fetch', 10);
  services.request({ id: 'other' }, 'hook/emit', 10);
  services.request({ id: 'stored' }, 'storage/get', 10);
  expect(delivered).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 'other', 'stored']);

  services.settled(3, 10);
  services.settled('other', 10);

  expect([delivered.slice(10), refused]).toEqual([[9], []]);
});

test('no request with a large answer is served while answers wait to be read', () => {
  const { services, state, delivered } = rig();
  services.request({ id: 1 }, 'net/fetch', 10);
  state.isRead = false;
  services.settled(1, 10_000_000);
  services.request({ id: 2 }, 'net/fetch', 10);
  services.request({ id: 3 }, 'secret/get', 10);
  expect(delivered).toEqual([1, 3]);

  state.isRead = true;
  services.drained();

  expect(delivered).toEqual([1, 3, 2]);
});

test('a request that is cancelled before its turn is answered and never served', () => {
  const { services, delivered, refused } = rig();
  for (let id = 1; id <= 10; id++) services.request({ id }, 'storage/list', 10);
  services.cancel(9);
  services.settled(1, 10);
  services.request({ id: 9 }, 'storage/list', 10);

  expect([delivered, refused]).toEqual([[1, 2, 3, 4, 5, 6, 7, 8, 10], [[9, 'EVENT_CANCELLED']]]);
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
