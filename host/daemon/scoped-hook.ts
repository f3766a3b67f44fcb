import type { Trace } from '@outrigger/schemas';
import type { Origin } from '../dispatcher/event-run.ts';
import type { Plan } from '../dispatcher/plan.ts';
import type { Continued, EmitOptions, Outcome, OutcomeBase } from '../dispatcher/types.ts';
import { validTraceparent } from '../protocol/traceparent.ts';
import type { LoadedHook } from '../registry/types.ts';
import type { Core } from './core.ts';
import type { HostScope } from './scope.ts';
import { tracedEmit } from './traced-emit.ts';
import type { Hook } from './types.ts';

type Payload = Record<string, unknown>;

/** One hook point in one scope. Holds the plan, so that an event nobody hears costs a comparison and a promise. */
export class ScopedHook implements Hook<Payload, unknown> {
  readonly name: string;
  readonly #core: Core;
  readonly #scope: HostScope;
  readonly #emptyTrace: Trace;
  /** Of events that the application fires without options. */
  readonly #origin: Origin;
  #plan: Plan | undefined;
  #version = -1;

  constructor(core: Core, scope: HostScope, hook: LoadedHook) {
    this.name = hook.name;
    this.#core = core;
    this.#scope = scope;
    this.#emptyTrace = emptyTrace(hook.name);
    this.#origin = { session: scope.sessionId, scope };
  }

  has(): boolean {
    return !this.#current().empty;
  }

  emit(payload: Payload | (() => Payload), options?: EmitOptions): Promise<Outcome> {
    try {
      return this.fire(payload, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Like emit(); throws at once when the scope is closed. */
  fire(payload: Payload | (() => Payload), options?: EmitOptions, from?: Pick<Origin, 'operation' | 'parent'>): Promise<Outcome> {
    this.#scope.assertOpen();
    const plan = this.#current();
    if (plan.empty) return Promise.resolve(this.#unheard(payload));
    const built = typeof payload === 'function' ? payload() : payload;
    const { emitContext: context, journal } = this.#core;
    const origin = this.#originOf(options, from);
    if (journal === undefined || plan.background.length === 0) return tracedEmit(plan, built, { origin, context });
    journal.assertRoom(plan, built);
    return journal.kept(tracedEmit(plan, built, { origin, context }));
  }

  /** A plain object, where it can be: a promise of one is made twice as fast as of an instance of a class. */
  #unheard(payload: Payload | (() => Payload)): Outcome {
    const trace = this.#emptyTrace;
    if (typeof payload === 'function') return new Unbuilt(this.name, trace, payload);
    return { event: '', hook: this.name, status: 'continued', payload, failOpens: NONE, trace };
  }

  #originOf(options: EmitOptions | undefined, from: Pick<Origin, 'operation' | 'parent'> | undefined): Origin {
    if (options === undefined && from === undefined) return this.#origin;
    const { session, scope } = this.#origin;
    const traceparent = validTraceparent(options?.traceparent);
    // Named one by one: a literal with spreads takes as long as a check of the payload.
    return { operation: from?.operation, session, scope, parent: from?.parent, traceparent, signal: options?.signal };
  }

  #current(): Plan {
    const { version } = this.#scope.audience;
    if (this.#plan === undefined || version !== this.#version) {
      this.#plan = this.#scope.audience.plan(this.#core.loadedHook(this.name));
      this.#version = version;
    }
    return this.#plan;
  }
}

const NONE: readonly never[] = Object.freeze([]);

/** The record of events that nobody heard: nothing was checked, nothing recorded. The time is the one at which somebody looks. */
function emptyTrace(hook: string): Trace {
  return {
    event: '',
    hook,
    get time() {
      return new Date().toISOString();
    },
    durationMs: 0,
    depth: 0,
    plan: [],
    answers: [],
    skipped: [],
    outcome: { status: 'continued', changed: [] },
  };
}

/** The outcome of an event that nobody heard, whose payload is built when somebody looks. */
class Unbuilt implements OutcomeBase<Payload>, Continued {
  readonly event = '';
  readonly status = 'continued';
  readonly hook: string;
  readonly failOpens: readonly never[] = NONE;
  readonly trace: Trace;
  readonly #build: () => Payload;
  #built: Payload | undefined;

  constructor(hook: string, trace: Trace, build: () => Payload) {
    this.hook = hook;
    this.trace = trace;
    this.#build = build;
  }

  get payload(): Payload {
    this.#built ??= this.#build();
    return this.#built;
  }

  toJSON(): object {
    return { ...this, payload: this.payload };
  }
}
