import type { Trace } from '@outrigger/schemas';
import type { Origin } from '../dispatcher/event-run.ts';
import type { Plan } from '../dispatcher/plan.ts';
import type { Continued, EmitOptions, Outcome, OutcomeBase } from '../dispatcher/types.ts';
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
  #hook: LoadedHook;
  #plan: Plan | undefined;
  #version = -1;

  constructor(core: Core, scope: HostScope, hook: LoadedHook) {
    this.name = hook.name;
    this.#core = core;
    this.#scope = scope;
    this.#hook = hook;
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
    if (plan.empty) return Promise.resolve(new Unheard(this.name, payload));
    const built = typeof payload === 'function' ? payload() : payload;
    const origin: Origin = {
      ...from,
      session: this.#scope.sessionId,
      scope: this.#scope,
      traceparent: options?.traceparent,
      signal: options?.signal,
    };
    const { emitContext, journal } = this.#core;
    if (journal === undefined || plan.background.length === 0) return tracedEmit(plan, built, { origin, context: emitContext });
    journal.assertRoom(plan, built);
    return journal.kept(tracedEmit(plan, built, { origin, context: emitContext }));
  }

  #current(): Plan {
    const { version } = this.#scope.audience;
    if (this.#plan === undefined || version !== this.#version) {
      this.#hook = this.#core.loadedHook(this.name);
      this.#plan = this.#scope.audience.plan(this.#hook);
      this.#version = version;
    }
    return this.#plan;
  }
}

/** The outcome of an event that nobody heard: nothing was checked, nothing recorded. */
class Unheard implements OutcomeBase<Payload>, Continued {
  readonly hook: string;
  readonly #given: Payload | (() => Payload);
  #built: Payload | undefined;

  constructor(hook: string, given: Payload | (() => Payload)) {
    this.hook = hook;
    this.#given = given;
  }

  get event(): string {
    return '';
  }

  get status(): 'continued' {
    return 'continued';
  }

  get payload(): Payload {
    this.#built ??= typeof this.#given === 'function' ? this.#given() : this.#given;
    return this.#built;
  }

  get failOpens(): [] {
    return [];
  }

  get trace(): Trace {
    const time = new Date().toISOString();
    return {
      event: '',
      hook: this.hook,
      time,
      durationMs: 0,
      depth: 0,
      plan: [],
      answers: [],
      skipped: [],
      outcome: { status: 'continued', changed: [] },
    };
  }

  toJSON(): object {
    return { event: this.event, hook: this.hook, status: this.status, payload: this.payload };
  }
}
