import { equal } from '@outrigger/schemas/runtime';
import type { Bench, Check } from './bench.ts';
import { must, NotClaimed } from './check-failure.ts';
import { endOf } from './messages.ts';
import { PROBE_HOOK } from './probe-catalog.ts';
import type { Json } from './types.ts';
import { ping } from './wire-checks.ts';
import { START_MS, type WireClient } from './wire-client.ts';

const GRACE_MS = 500;
const END_MS = 2000;
const LONG_MS = 60_000;
const SHORT_MS = 300;

/** Level 2, except what is judged over the whole run. */
export const SERVICE_CHECKS: readonly Check[] = [
  { id: 'S1', run: obeysCancel },
  { id: 'S2', run: takesConfig },
  { id: 'S9', run: answersPing },
  { id: 'S6', run: asksTheHost },
  { id: 'S3', run: finishesFirst },
  { id: 'S7', run: declines },
  { id: 'S8', run: endsWhileBusy },
];

async function obeysCancel(bench: Bench): Promise<void> {
  const client = await bench.shared();
  const { id, message } = bench.slowCall(client, LONG_MS);
  client.send(message);
  // Answered before the cancellation comes in: fine, and nothing to wait for.
  await ping(client);
  client.notify('$/cancelRequest', { id });
  await client.answer(id, 'the cancelled call', GRACE_MS);
  client.notify('$/cancelRequest', { id: 987_654 });
  await ping(client, ' after a cancellation of nothing');
}

async function takesConfig(bench: Bench): Promise<void> {
  const client = await bench.shared();
  const config = bench.isProbe ? { ...bench.target.config, changed: 'yes' } : bench.target.config;
  client.notify('config/changed', { config });
  await ping(client, ' after "config/changed"');
  if (!bench.isProbe) return;
  const answer = await bench.invoke(client, PROBE_HOOK, { do: 'config' });
  const seen = (answer['result'] as Json | undefined)?.['value'];
  must(equal(seen, config), `after "config/changed" a handler saw ${JSON.stringify(seen)}`);
}

async function answersPing(bench: Bench): Promise<void> {
  const client = await bench.shared();
  const { id, message } = bench.slowCall(client, 10 * SHORT_MS);
  client.send(message);
  await ping(client, ' while a handler runs');
  const isOpen = client.answersTo(id).length === 0;
  client.notify('$/cancelRequest', { id });
  await client.answer(id, 'the call');
  if (bench.isProbe) must(isOpen, '"ping" was answered after the handler had ended');
  else if (!isOpen) throw new NotClaimed('its handlers end too soon to see it');
}

async function asksTheHost(bench: Bench): Promise<void> {
  const [hook, payload] = askingCall(bench);
  if (bench.isProbe) {
    const answer = await bench.invoke(await bench.shared(), hook, payload);
    const kept = (answer['result'] as Json | undefined)?.['value'];
    must(kept === 1, `what it stored and read again came back as ${JSON.stringify(answer['result'] ?? answer['error'])}`);
  }
  const refused = await bench.fresh();
  refused.onRequest = () => ({ error: { code: -32004, message: 'Cannot store: the storage is full', data: { code: 'QUOTA_EXCEEDED' } } });
  await bench.invoke(refused, hook, payload);
  await ping(refused, ' after a service failed');
  const late = await bench.fresh();
  const open: unknown[] = [];
  late.onRequest = ({ id }) => void open.push(id);
  const { id, message } = bench.call(late, hook, payload);
  late.send(message);
  await late.until(() => open.length > 0, 'no request to the host', END_MS);
  late.notify('$/cancelRequest', { id });
  await ping(late, ' while its own request is open');
  late.onRequest = () => ({ result: {} });
  late.send(...open.flatMap((one) => [answerTo(one), answerTo(one)]), answerTo('nobody asked'), answerTo(NaN));
  await ping(late, ' after a late answer');
  await late.answer(id, 'a cancelled call that waited for the host');
}

function answerTo(id: unknown): Json {
  return { jsonrpc: '2.0', id, result: { value: null } };
}

/** A call in which the plugin asked the host for something. */
function askingCall(bench: Bench): [hook: string, payload: unknown] {
  if (bench.isProbe) return [PROBE_HOOK, { do: 'storage', value: 1 }];
  const asks = bench.clients.some((client) => requestsOf(client).length > 0);
  const [hook] = bench.asked;
  if (!asks || hook === undefined) throw new NotClaimed('it made no request to the host');
  return [hook.name, hook.payloads.at(-1)];
}

/** Requests a process made. */
export function requestsOf(client: WireClient): Json[] {
  return client.received.map(({ message }) => message).filter(({ method, id }) => typeof method === 'string' && id !== undefined);
}

async function finishesFirst(bench: Bench): Promise<void> {
  const client = await bench.fresh();
  const { id, message } = bench.slowCall(client, SHORT_MS);
  const shutdown = client.nextId();
  client.send(message, { jsonrpc: '2.0', id: shutdown, method: 'shutdown', params: {} });
  await client.answer(shutdown, '"shutdown"');
  const [call] = client.answersTo(id);
  must(call !== undefined, '"shutdown" was answered while a call was open');
  must(!bench.isProbe || call.message['error'] === undefined, `a call in flight failed at "shutdown": ${JSON.stringify(call.message)}`);
}

async function declines(bench: Bench): Promise<void> {
  if (bench.declined !== undefined) return;
  if (!bench.isProbe) throw new NotClaimed('nothing makes it decline here');
  const client = bench.start();
  const params = bench.initializeParams({ ...bench.target.config, disable: 'conformance wants it' });
  const answer = await client.request('initialize', params, { withinMs: START_MS });
  const { disable } = (answer['result'] ?? {}) as Json;
  must(disable === 'conformance wants it', `"initialize" was answered with ${JSON.stringify(answer['result'] ?? answer['error'])}`);
}

async function endsWhileBusy(bench: Bench): Promise<void> {
  const client = await bench.fresh();
  const { message } = bench.slowCall(client, LONG_MS);
  client.send(message);
  if (bench.isProbe) await ping(client);
  client.endInput();
  const exit = await client.ended(END_MS, 'the process did not end after its stdin ended with a call open');
  must(exit.signal === undefined, `the process ${endOf(exit)}`);
}
