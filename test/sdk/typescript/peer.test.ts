import { expect, test } from 'vitest';
import { Peer } from '../../../sdk/typescript/peer.ts';

const UNUSED = { request: () => undefined, notification: () => {} };

function connected(): { peer: Peer; sent: Record<string, unknown>[] } {
  const sent: Record<string, unknown>[] = [];
  return { peer: new Peer(UNUSED, (text) => void sent.push(JSON.parse(text)), 1000), sent };
}

test('request() tells the host of an aborted signal while it waits, and not any more when it was answered', async () => {
  const { peer, sent } = connected();
  const waiting = new AbortController();
  const answered = new AbortController();
  const first = peer.request('storage/get', { key: 'a' }, answered.signal);
  void peer.request('storage/get', { key: 'b' }, waiting.signal);
  peer.receive('{"jsonrpc":"2.0","id":1,"result":{}}');

  answered.abort();
  waiting.abort();

  expect(await first).toEqual({});
  expect(sent.slice(2)).toEqual([{ jsonrpc: '2.0', method: '$/cancelRequest', params: { id: 2 } }]);
});

test('request() rejects and notify() drops what is larger than the host reads, in bytes', async () => {
  const { peer, sent } = connected();

  await expect(peer.request('storage/set', { value: '€'.repeat(400) })).rejects.toMatchObject({
    code: 'MESSAGE_TOO_LARGE',
    number: -32007,
  });
  expect(peer.notify('log', { message: '€'.repeat(400) })).toBe(false);
  expect(peer.notify('log', { message: 'x'.repeat(400) })).toBe(true);
  expect(sent).toHaveLength(1);
});
