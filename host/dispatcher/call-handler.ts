import type { OutcomeSummary } from '@outrigger/schemas';
import type { Timers } from '../process/timers.ts';
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

/** Calls a function of the application’s own under the same clocks and rules as a plugin. Never rejects. */
export async function callHandler(handler: LocalHandler, at: At): Promise<CallReply> {
  const { run, subscription } = at;
  const context = new LocalContext(run, subscription.plugin);
  try {
    const answer = handler(run.view, context);
    const value = isThenable(answer) ? await inTime(Promise.resolve(answer), context, at) : answer;
    if (value instanceof Ended) return failed(value.failure);
    const mistake = value === undefined ? undefined : jsonMistake(value, MAX_DEPTH);
    if (mistake === undefined) return { ok: true, answer: value, bytes: 0, pid: undefined, coldStart: false, attempts: 1 };
    return failed({
      code: 'ANSWER_INVALID',
      message: `Cannot use the answer of handler "${subscription.plugin}" to "${run.hook.name}": ${mistake}`,
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return failed({ code: 'PLUGIN_ERROR', message: `Handler "${subscription.plugin}" failed at "${run.hook.name}": ${why}` });
  }
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
function inTime(answer: Promise<unknown>, context: LocalContext, { subscription, run, timers }: At): Promise<unknown> {
  const startedAt = timers.now();
  const isUntimed = subscription.timeoutMs === Number.POSITIVE_INFINITY;
  const leftMs = run.deadline - startedAt;
  const late: Failure =
    leftMs < subscription.timeoutMs
      ? {
          code: 'EVENT_BUDGET_SPENT',
          message: `Handler "${subscription.plugin}" did not answer before the budget of "${run.hook.name}" was over`,
        }
      : {
          code: 'PLUGIN_TIMEOUT',
          message: `Handler "${subscription.plugin}" did not answer "${run.hook.name}" within ${subscription.timeoutMs} ms`,
        };
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
    const timer = isUntimed ? undefined : timers.after(Math.min(subscription.timeoutMs, leftMs), () => end(late));
    run.cancels.add(end);
    answer.finally(done).then(resolve, reject);
  });
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
