import { initializeResult } from '@outrigger/schemas/validate-protocol';
import { check } from '../protocol/validator.ts';
import type { Bench, Check } from './bench.ts';
import { must } from './check-failure.ts';
import { type Id, isAnswer, isSameId } from './messages.ts';
import type { Json } from './types.ts';
import { START_MS, type WireClient } from './wire-client.ts';

const END_MS = 2000;
const MEGABYTE = 1_000_000;
const UNREADABLE = 'this line is no JSON {{{';
const NO_QUESTION = 987_654_321;

/** Level 0, except what is judged over the whole run. */
export const WIRE_CHECKS: readonly Check[] = [
  { id: 'W1', run: initializes },
  { id: 'W2', run: async (bench) => ping(await bench.shared()) },
  { id: 'W3', run: settlesUnknown },
  { id: 'W4', run: ignoresUnknown },
  { id: 'W6', run: repeatsIds },
  { id: 'W9', run: survivesNonsense },
  { id: 'W10', run: takesPieces },
  { id: 'W7', run: endsOnExit },
  { id: 'W8', run: endsWithInput },
];

/** Any answer will do. */
export async function ping(client: WireClient, after = ''): Promise<void> {
  const id = client.nextId();
  client.send({ jsonrpc: '2.0', id, method: 'ping', params: {} });
  await client.answer(id, `"ping"${after}`);
}

async function initializes(bench: Bench): Promise<void> {
  const client = bench.start();
  const answer = await client.request('initialize', bench.initializeParams(), { withinMs: START_MS });
  must(answer['error'] === undefined, `"initialize" was answered with an error: ${JSON.stringify(answer['error'])}`);
  const issues = check(initializeResult, answer['result'] ?? {});
  must(
    issues === undefined,
    `the result of "initialize" is not valid: ${issues?.map(({ pointer, message }) => `${pointer} ${message}`).join('; ')}`,
  );
  const { disable } = (answer['result'] ?? {}) as Json;
  if (typeof disable === 'string') bench.declined = disable;
}

async function settlesUnknown(bench: Bench): Promise<void> {
  const client = await bench.shared();
  await client.request('conformance/unknown', { any: 'thing' });
  await ping(client, ' after a request of an unknown method');
}

async function ignoresUnknown(bench: Bench): Promise<void> {
  const client = await bench.shared();
  const before = client.received.length;
  client.notify('conformance/unknown', { any: 'thing' });
  client.notify('$/conformanceUnknown', {});
  client.notify('conformance/no-params', undefined);
  const id = client.nextId();
  client.send({ jsonrpc: '2.0', id, method: 'ping', params: { unknown: [1, { two: 3 }] } });
  await client.answer(id, '"ping" after unknown notifications');
  const others = client.received.slice(before).filter(({ message }) => isAnswer(message) && !isSameId(message['id'], id));
  must(others.length === 0, `a notification was answered: ${JSON.stringify(others[0]?.message)}`);
}

async function repeatsIds(bench: Bench): Promise<void> {
  const client = await bench.shared();
  const ids: Id[] = [client.nextId(), 2_147_483_653, 'a text', 'ä-漢', 'x'.repeat(200)];
  client.send(...ids.map((id) => ({ jsonrpc: '2.0', id, method: 'ping', params: {} })));
  for (const id of ids) await client.answer(id, '"ping"');
  // What would be answered twice has been by the time of a later answer.
  await ping(client);
  const [wrong] = wrongIds(client);
  must(wrong === undefined, wrong ?? '');
}

/** What is wrong with the ids of all answers of one process. */
export function wrongIds(client: WireClient): string[] {
  const counts = new Map<string, number>();
  for (const { message } of client.received) {
    if (!isAnswer(message) || message['id'] === null) continue;
    const id = String(message['id']);
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  const strange = [...counts.keys()]
    .filter((id) => !client.hasAsked(id))
    .map((id) => `id ${JSON.stringify(id)} was answered, and no request had it`);
  const often = [...counts].filter(([, count]) => count > 1);
  return [...strange, ...often.map(([id, count]) => `id ${JSON.stringify(id)} was answered ${count} times`)];
}

async function survivesNonsense(bench: Bench): Promise<void> {
  const client = await bench.shared();
  const nonsense: [string, string | Json][] = [
    ['a line that is no JSON', UNREADABLE],
    ['a batch', '[{"jsonrpc":"2.0","id":900001,"method":"ping"},{"jsonrpc":"2.0","method":"conformance/unknown"}]'],
    ['an answer to nothing', { jsonrpc: '2.0', id: NO_QUESTION, result: {} }],
    ['an error without an id', { jsonrpc: '2.0', id: null, error: { code: -32700, message: 'Cannot read that' } }],
    ['a JSON text that is no object', '"text"'],
  ];
  for (const [what, message] of nonsense) {
    client.send(message);
    await ping(client, ` after ${what}`);
  }
}

async function takesPieces(bench: Bench): Promise<void> {
  const client = await bench.shared();
  const message = (params: Json): [number, string] => {
    const id = client.nextId();
    return [id, client.frame(JSON.stringify({ jsonrpc: '2.0', id, method: 'ping', params }))];
  };
  const [big, bigText] = message({ padding: 'ä'.repeat(MEGABYTE / 2) });
  await client.sendInPieces(bigText, 65_536);
  await client.answer(big, '"ping" of 1 MB', START_MS);
  const [cut, cutText] = message({ padding: 'ä漢👩‍🚀' });
  await client.sendInPieces(cutText, 3);
  await client.answer(cut, '"ping" in pieces of 3 bytes');
  const ids = Array.from({ length: 50 }, () => client.nextId());
  client.send(...ids.map((id) => ({ jsonrpc: '2.0', id, method: 'ping', params: {} })));
  for (const id of ids) await client.answer(id, 'one of 50 "ping" in one write');
}

async function endsOnExit(bench: Bench): Promise<void> {
  const client = await bench.fresh();
  await client.request('shutdown', {});
  client.notify('exit', {});
  client.endInput();
  const exit = await client.ended(END_MS, 'the process did not end after "exit"');
  must(exit.code === 0, `the process ended with ${exit.signal ?? `code ${exit.code}`} after "exit", not with code 0`);
}

async function endsWithInput(bench: Bench): Promise<void> {
  const client = await bench.fresh();
  client.endInput();
  await client.ended(END_MS, 'the process did not end after its stdin ended');
}
