import { equal } from '@outrigger/schemas/runtime';
import { answer as isAnswerValid } from '@outrigger/schemas/validate-protocol';
import { judge } from '../dispatcher/merge.ts';
import { check } from '../protocol/validator.ts';
import type { Bench, Check } from './bench.ts';
import { must, NotClaimed } from './check-failure.ts';
import { isAnswer } from './messages.ts';
import { PROBE_HOOK } from './probe-catalog.ts';
import type { Json, TargetHook } from './types.ts';
import { ping } from './wire-checks.ts';
import type { WireClient } from './wire-client.ts';

const DEEPEST = 256;
const PROBE_DEPTH = 200;
const WAIT_MS = 150;
const HALVES = 'lone surrogates';
const DEEP = `a payload of ${DEEPEST} levels`;
const HARD = [HALVES, DEEP];
const BIG_NUMBERS = '[12345678901234567890,9007199254740993,1e308,-1.5e-300,0.1,-0]';
const TEXT = 'naïve 漢字 עברית 👩‍🚀 \u0000\u2028 "quoted" \\ \n end';

/** Level 1. */
export const HOOK_CHECKS: readonly Check[] = [
  { id: 'H1', run: answersItsHooks },
  { id: 'H2', run: answersForeignHook },
  { id: 'H3', run: keepsSeveral },
  { id: 'H4', run: outlivesFailure },
  { id: 'H5', run: hearsNotifications },
  { id: 'H6', run: survivesPayloads },
  { id: 'H7', run: keepsTheRules },
];

async function answersItsHooks(bench: Bench): Promise<void> {
  const client = await bench.shared();
  await forEachPayload(bench, async (hook, payload) => {
    const answer = await bench.invoke(client, hook.name, payload);
    must(answer['error'] === undefined, `"${hook.name}" was answered with an error: ${JSON.stringify(answer['error'])}`);
    mustBeValid(hook.name, answer);
  });
}

async function keepsTheRules(bench: Bench): Promise<void> {
  const client = await bench.shared();
  if (bench.asked.every(({ rules }) => rules === undefined)) {
    throw new NotClaimed('no catalog declares its hook points; name theirs with --catalog');
  }
  await forEachPayload(bench, async (hook, payload) => {
    const { rules, mode } = hook;
    if (rules === undefined) return;
    const answer = await bench.invoke(client, hook.name, payload);
    const judgement = judge({ hook: rules, mode, payload }, answer['result'], Number.POSITIVE_INFINITY);
    if (judgement.status === 'failed') must(false, `${judgement.failure.message} (${judgement.failure.code})`);
  });
}

async function forEachPayload(bench: Bench, use: (hook: TargetHook, payload: Json) => Promise<void>): Promise<void> {
  if (bench.asked.length === 0) throw new NotClaimed('it only observes: no hook point of its is asked for an answer');
  for (const hook of bench.asked) for (const payload of hook.payloads) await use(hook, payload);
}

function mustBeValid(hook: string, answer: Json): void {
  const issues = answer['result'] === null ? undefined : check(isAnswerValid, answer['result']);
  const why = issues?.map(({ pointer, message }) => `${pointer} ${message}`).join('; ');
  must(issues === undefined, `the answer to "${hook}" is not valid: ${why}`);
}

async function answersForeignHook(bench: Bench): Promise<void> {
  const answer = await bench.invoke(await bench.shared(), 'conformance.unknown', {});
  if (answer['error'] !== undefined) return;
  const action = (answer['result'] as Json | null)?.['action'] ?? 'continue';
  must(action === 'continue', `a hook it does not handle was answered with "${action}"; answer {} or an error`);
}

async function keepsSeveral(bench: Bench): Promise<void> {
  const client = await bench.shared();
  const count = Math.min(bench.target.concurrency, 64);
  const [hook] = bench.asked;
  if (hook === undefined) throw new NotClaimed('it only observes: no call of its is ever open');
  if (count === 1) throw new NotClaimed('its manifest says concurrency 1');
  const begun = performance.now();
  const calls = Array.from({ length: count }, () => bench.slowCall(client, WAIT_MS));
  client.send(...calls.map(({ message }) => message));
  const what = `one of ${count} calls in flight`;
  for (const { id } of calls) {
    const { error } = await client.answer(id, what);
    must(!bench.isProbe || error === undefined, `${what} failed: ${JSON.stringify(error)}`);
  }
  const tookMs = performance.now() - begun;
  const allowedMs = Math.max(3 * WAIT_MS, (count * WAIT_MS) / 2);
  must(!bench.isProbe || tookMs < allowedMs, `${count} calls of ${WAIT_MS} ms took ${Math.round(tookMs)} ms: they did not run together`);
}

async function outlivesFailure(bench: Bench): Promise<void> {
  const client = await bench.shared();
  if (bench.isProbe) {
    const answer = await bench.invoke(client, PROBE_HOOK, { do: 'fail' });
    must(answer['error'] !== undefined, 'a handler that failed was answered with a result');
    await ping(client, ' after a handler that failed');
  }
  const [hook] = bench.target.hooks;
  for (const payload of [null, 'text', [], { unexpected: true }]) {
    await client.request('hook/invoke', bench.callParams(hook?.name ?? '', payload));
  }
  await ping(client, ' after payloads no handler can use');
}

async function hearsNotifications(bench: Bench): Promise<void> {
  const client = await bench.shared();
  const before = client.received.length;
  const outcome = { status: 'continued' };
  for (const { name, payloads } of bench.target.hooks) {
    const payload = name === PROBE_HOOK ? { do: 'log' } : payloads[0];
    const { deadlineMs: _deadline, attempt: _attempt, ...params } = bench.callParams(name, payload, { outcome });
    client.notify('hook/notify', params);
  }
  if (bench.isProbe) {
    const heard = (): boolean => client.received.slice(before).some(({ message }) => message['method'] === 'log');
    await client.until(heard, 'no handler ran for "hook/notify"', 2000);
  }
  await ping(client, ' after "hook/notify"');
  const answers = client.received.slice(before).filter(({ message }) => isAnswer(message));
  must(answers.length === 1, `"hook/notify" was answered: ${JSON.stringify(answers[0]?.message)}`);
}

async function survivesPayloads(bench: Bench): Promise<void> {
  const client = await bench.shared();
  const [hook] = bench.target.hooks;
  const payload = hook?.payloads[0] ?? {};
  const variants: [string, Json, string?][] = [
    ['non-ASCII text', withText(payload, TEXT)],
    [HALVES, { ...withText(payload, 'lone \ud83d and \udc00'), '\ud800': '\udfff' }],
    ['big numbers', { ...payload, conformance: '@numbers' }, BIG_NUMBERS],
    [DEEP, { ...payload, conformance: '@deep' }, nested(DEEPEST - 1)],
  ];
  for (const [what, changed, raw] of variants) {
    const { id, message } = bench.call(client, hook?.name ?? 'conformance.unknown', changed);
    client.send(raw === undefined ? JSON.stringify(message) : JSON.stringify(message).replace(/"@\w+"/, raw));
    // Parsers refuse half a character or so many levels, and with it the line: without an SDK it is enough to live on.
    if (HARD.includes(what) && bench.level < 2) continue;
    const answer = await client.answer(id, `a call with ${what}`);
    if (answer['error'] === undefined) mustBeValid(hook?.name ?? '', answer);
  }
  if (bench.isProbe) await echoes(bench, client);
  await ping(client, ' after unusual payloads');
}

async function echoes(bench: Bench, client: WireClient): Promise<void> {
  for (const value of [TEXT, JSON.parse(nested(PROBE_DEPTH)), { '': '', 'ä/~0': [] }, [0, -1, 1.5, 2 ** 53 - 1, 1e21]]) {
    const answer = await bench.invoke(client, PROBE_HOOK, { do: 'echo', value });
    const echoed = (answer['result'] as Json | undefined)?.['value'];
    must(equal(echoed, value), `${JSON.stringify(value).slice(0, 100)} came back as ${String(JSON.stringify(echoed)).slice(0, 100)}`);
  }
}

function nested(levels: number): string {
  return `${'['.repeat(levels)}${']'.repeat(levels)}`;
}

/** The payload with its first text replaced; one more field where it has none. */
function withText(payload: Json, text: string): Json {
  const key = Object.keys(payload).find((name) => typeof payload[name] === 'string' && name !== 'do');
  return { ...payload, [key ?? 'conformance']: text };
}
