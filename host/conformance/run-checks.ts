import type { Validator } from '@outrigger/schemas';
import { logParams, progressParams } from '@outrigger/schemas/validate-protocol';
import { check } from '../protocol/validator.ts';
import { Bench, type Check } from './bench.ts';
import { CheckFailure, must, NotClaimed } from './check-failure.ts';
import { HOOK_CHECKS } from './hook-checks.ts';
import { isAnswer } from './messages.ts';
import { REQUIREMENTS, requirement } from './requirements.ts';
import { requestsOf, SERVICE_CHECKS } from './service-checks.ts';
import type { Exchanged, Finding, Json, Level, Report, Target, TestOptions } from './types.ts';
import { WIRE_CHECKS, wrongIds } from './wire-checks.ts';
import type { WireClient } from './wire-client.ts';

const SHOWN_MESSAGES = 20;
/** As many as the stack of an error that Node prints. */
const SHOWN_WORDS = 16;
const RUN_MS = 180_000;
const MOST_ID_CHARACTERS = 200;

/** Judged when everything was said. */
const WHOLE_RUN: readonly Check[] = [
  { id: 'W5', run: judgeSpeech },
  { id: 'S4', run: async (bench) => judgeSent(bench, 'log', logParams) },
  { id: 'S5', run: async (bench) => judgeSent(bench, '$/progress', progressParams) },
];

/** Tries one plugin against the whole list. Never rejects for what the plugin does, and leaves no process behind. */
export async function runChecks(target: Target, options: TestOptions = {}): Promise<Report> {
  const begun = performance.now();
  const bench = new Bench(target);
  const run = new Run(bench, begun + (options.timeoutMs ?? RUN_MS), options);
  try {
    await run.group(WIRE_CHECKS.filter(({ id }) => id === 'W1'));
    await run.group(WIRE_CHECKS.slice(1));
    // Not sooner: a message that follows the handshake may still be on its way right after it.
    const claim = claimOf(bench, options.level);
    bench.level = claim.level;
    for (const group of [HOOK_CHECKS, SERVICE_CHECKS, WHOLE_RUN]) await run.group(group);
    return summary(target, claim, { findings: run.findings, durationMs: performance.now() - begun });
  } finally {
    await bench.clear();
  }
}

interface Claim {
  readonly level: Level;
  readonly why: string;
}

/** What a plugin shows of itself: hooks make it level 1; a chosen protocol or a message of its own level 2. */
function claimOf({ target, clients }: Bench, wanted: Level | undefined): Claim {
  if (wanted !== undefined) return { level: wanted, why: `level ${wanted} was asked for` };
  if (target.hooks.length === 0) return { level: 0, why: 'no hook points were named' };
  const messages = clients.flatMap(({ received }) => received.map(({ message }) => message));
  if (messages.some(({ method }) => method !== undefined)) return { level: 2, why: 'it sends messages of its own' };
  const chosen = messages.some(({ result }) => typeof (result as Json | null)?.['protocol'] === 'number');
  if (chosen) return { level: 2, why: 'it chose a protocol version in its answer to "initialize"' };
  return { level: 1, why: 'it hears hook points, and its answer to "initialize" chose no protocol version' };
}

class Run {
  readonly findings: Finding[] = [];
  readonly #bench: Bench;
  readonly #deadline: number;
  readonly #options: TestOptions;

  constructor(bench: Bench, deadline: number, options: TestOptions) {
    this.#bench = bench;
    this.#deadline = deadline;
    this.#options = options;
  }

  /** Not one of its processes gets through the handshake. */
  get #isDead(): boolean {
    return this.findings[0]?.status === 'fail';
  }

  async group(checks: readonly Check[]): Promise<void> {
    for (const one of checks) {
      const finding = await this.#judge(one);
      this.findings.push(finding);
      this.#options.onFinding?.(finding);
    }
    await this.#bench.clear();
  }

  async #judge(one: Check): Promise<Finding> {
    const about = requirement(one.id);
    const begun = performance.now();
    const done = (status: Finding['status'], more: Partial<Finding> = {}): Finding => ({
      ...about,
      status,
      durationMs: Math.round(performance.now() - begun),
      ...more,
    });
    if (about.level > this.#bench.level) return done('not-claimed', { reason: `above level ${this.#bench.level}` });
    if (begun > this.#deadline) return done('fail', { reason: 'the time for the whole run was over' });
    if (this.#isDead && !WHOLE_RUN.includes(one)) return done('fail', { reason: 'there is no process to try it with: see W1' });
    try {
      await one.run(this.#bench);
      return done('pass');
    } catch (error) {
      if (error instanceof NotClaimed) return done('not-claimed', { reason: error.message });
      if (!(error instanceof CheckFailure)) throw error;
      return done('fail', {
        reason: error.message,
        exchange: await this.#exchange(this.#bench.blamed ? 0 : begun),
      });
    }
  }

  /** What was said, and on which words a process ended that ended badly. */
  async #exchange(since: number): Promise<readonly Exchanged[]> {
    const client = this.#bench.current;
    if (client?.exit !== undefined) await client.drained();
    const said = client?.log.since(since).slice(-SHOWN_MESSAGES) ?? [];
    if (client?.exit === undefined || client.exit.code === 0 || client.stderr.trim() === '') return said;
    const words = client.stderr.trimEnd().split('\n').slice(-SHOWN_WORDS);
    const notes = words.map((text): Exchanged => ({ from: 'note', atMs: said.at(-1)?.atMs ?? 0, text: `on stderr: ${text}` }));
    return [...said, ...notes];
  }
}

function summary(target: Target, claim: Claim, { findings, durationMs }: { findings: readonly Finding[]; durationMs: number }): Report {
  const place = new Map(REQUIREMENTS.map(({ id }, index) => [id, index]));
  const sorted = findings.toSorted((a, b) => (place.get(a.id) ?? 0) - (place.get(b.id) ?? 0));
  const count = (status: Finding['status']): number => findings.filter((finding) => finding.status === status).length;
  const failed = count('fail');
  return {
    plugin: target.name,
    ...claim,
    ok: failed === 0,
    passed: count('pass'),
    failed,
    notClaimed: count('not-claimed'),
    durationMs: Math.round(durationMs),
    findings: sorted,
  };
}

function forAll(bench: Bench, judgeOne: (client: WireClient) => void): void {
  for (const client of bench.clients) {
    bench.blamed = client;
    judgeOne(client);
  }
  bench.blamed = undefined;
}

async function judgeSpeech(bench: Bench): Promise<void> {
  forAll(bench, speaksCleanly);
  must(
    bench.clients.some(({ received }) => received.length > 0),
    'there was no message on stdout: see W1',
  );
}

function speaksCleanly(client: WireClient): void {
  const [stray] = client.strays;
  must(stray === undefined, `on stdout there was something that is no message: "${stray?.slice(0, 300)}"`);
  for (const { message } of client.received) {
    const text = JSON.stringify(message).slice(0, 300);
    must(message['jsonrpc'] === '2.0', `a message has no "jsonrpc": "2.0": ${text}`);
    must(isAnswer(message) || typeof message['method'] === 'string', `a message is neither a request nor an answer: ${text}`);
    must(!('result' in message && 'error' in message), `a message has both a result and an error: ${text}`);
    const number = (message['error'] as Json | undefined)?.['code'];
    must(!('error' in message) || Number.isInteger(number), `an error has no whole number as its code: ${text}`);
  }
  const [wrong] = wrongIds(client);
  must(wrong === undefined, wrong ?? '');
  const ids = requestsOf(client).map(({ id }) => id);
  must(new Set(ids).size === ids.length, `two of its requests have the same id: ${ids.join(', ')}`);
  const isUsable = (id: unknown): boolean => Number.isFinite(id) || (typeof id === 'string' && id.length <= MOST_ID_CHARACTERS);
  must(ids.every(isUsable), `the id of a request is neither a number nor a text of at most ${MOST_ID_CHARACTERS} characters`);
}

function judgeSent(bench: Bench, method: string, validator: Validator): void {
  if (bench.clients.every((client) => client.sent(method).length === 0)) throw new NotClaimed(`it sent no "${method}"`);
  forAll(bench, (client) => {
    for (const { params, id } of client.sent(method)) {
      const issues = check(validator, params);
      must(
        issues === undefined,
        `a "${method}" is not valid: ${issues?.map(({ pointer, message }) => `${pointer} ${message}`).join('; ')}`,
      );
      must(id === undefined, `a "${method}" was sent as a request; it is a notification`);
    }
  });
}
