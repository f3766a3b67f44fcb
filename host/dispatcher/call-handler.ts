import type { OutcomeSummary } from '@outrigger/schemas';
import type { Timers } from '../process/timers.ts';
import { errorText } from '../protocol/errors.ts';
import { MAX_DEPTH } from '../protocol/is-deeper.ts';
import type { Failure } from '../protocol/types.ts';
import type { CallReply } from '../supervisor/types.ts';
import type { EventRun } from './event-run.ts';
import { jsonMistake } from './json-mistake.ts';
import type { LocalHandler, Participant } from './plan.ts';
import type { HandlerContext } from './types.ts';

interface At {
  readonly subscription: Participant['subscription'];
  readonly run: EventRun;
  readonly timers: Timers;
}

/** What a handler gives that has nothing to say. */
const NOTHING = { ok: true, answer: undefined, bytes: 0, pid: undefined, coldStart: false, attempts: 1 } as const satisfies CallReply;

/** Calls a function of the application’s own under the same clocks and rules as a plugin; one that answers at once is not waited for. Never rejects. */
export function callHandler(handler: LocalHandler, at: At): CallReply | Promise<CallReply> {
  const context = new LocalContext(at.run, at.subscription.plugin);
  try {
    const answer = handler(at.run.view, context);
    return isThenable(answer) ? lateReply(answer, context, at) : replyOf(answer, at);
  } catch (error) {
    return thrown(error, at);
  }
}

async function lateReply(answer: PromiseLike<unknown>, context: LocalContext, at: At): Promise<CallReply> {
  try {
    const value = await inTime(Promise.resolve(answer), context, at);
    return value instanceof Ended ? failed(value.failure) : replyOf(value, at);
  } catch (error) {
    return thrown(error, at);
  }
}

function replyOf(answer: unknown, { run, subscription }: At): CallReply {
  if (answer === undefined) return NOTHING;
  const mistake = jsonMistake(answer, MAX_DEPTH);
  if (mistake === undefined) return { ...NOTHING, answer };
  return failed({
    code: 'ANSWER_INVALID',
    message: `Cannot use the answer of handler "${subscription.plugin}" to "${run.hook.name}": ${mistake}`,
  });
}

function thrown(error: unknown, { run, subscription }: At): CallReply {
  run.thrown ??= [];
  run.thrown.push({ handler: subscription.plugin, error });
  const why = errorText(error);
  return failed({ code: 'PLUGIN_ERROR', message: `Handler "${subscription.plugin}" failed at "${run.hook.name}": ${why}` });
}

function failed(failure: Failure): CallReply {
  return { ok: false, failure, attempts: 1 };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

class Ended {
  readonly failure: Failure;
  constructor(failure: Failure) {
    this.failure = failure;
  }
}

/** The answer, or how the waiting for it ended. */
function inTime(answer: Promise<unknown>, context: LocalContext, at: At): Promise<unknown> {
  const { subscription, run, timers } = at;
  const startedAt = timers.now();
  const isUntimed = subscription.timeoutMs === Number.POSITIVE_INFINITY;
  const leftMs = run.deadline - startedAt;
  return new Promise((resolve, reject) => {
    const done = (): void => {
      if (timer === undefined) run.deadline += timers.now() - startedAt;
      else timers.cancel(timer);
      run.cancels.delete(end);
    };
    const end = (failure: Failure): void => {
      done();
      context.abort(failure.message);
      resolve(new Ended(failure));
    };
    const timer = isUntimed ? undefined : timers.after(Math.min(subscription.timeoutMs, leftMs), () => end(tooLate(at, leftMs)));
    run.cancels.add(end);
    answer.then(
      (value) => {
        done();
        resolve(value);
      },
      (error) => {
        done();
        reject(error);
      },
    );
  });
}

/** Whichever of its two clocks ran out first. */
function tooLate({ subscription, run }: At, leftMs: number): Failure {
  const { plugin, timeoutMs } = subscription;
  if (leftMs < timeoutMs) {
    const message = `Handler "${plugin}" did not answer before the budget of "${run.hook.name}" was over`;
    return { code: 'EVENT_BUDGET_SPENT', message };
  }
  return { code: 'PLUGIN_TIMEOUT', message: `Handler "${plugin}" did not answer "${run.hook.name}" within ${timeoutMs} ms` };
}

/** What an in-process handler is told; everything is made when it looks. */
export class LocalContext implements HandlerContext {
  readonly #run: EventRun;
  readonly #plugin: string;
  readonly #outcome: OutcomeSummary | undefined;
  #abort: AbortController | undefined;

  constructor(run: EventRun, plugin: string, outcome?: OutcomeSummary) {
    this.#run = run;
    this.#plugin = plugin;
    this.#outcome = outcome;
  }

  get event(): string {
    return this.#run.event;
  }

  get hook(): string {
    return this.#run.hook.name;
  }

  get context(): HandlerContext['context'] {
    return this.#run.context;
  }

  get state(): unknown {
    const text = this.#run.origin.operation?.states.get(this.#plugin);
    return text === undefined ? undefined : JSON.parse(text);
  }

  get outcome(): OutcomeSummary | undefined {
    return this.#outcome;
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    return this.#abort.signal;
  }

  abort(reason: string): void {
    this.#abort ??= new AbortController();
    this.#abort.abort(new Error(reason));
  }
}
