import type { EventContext } from '@outrigger/schemas';
import { HostError } from '../protocol/errors.ts';
import { jsonWeight, smallWeight } from '../protocol/json-weight.ts';
import type { Failure } from '../protocol/types.ts';
import type { LoadedHook } from '../registry/types.ts';
import { isoTime, makeEventId } from './event-id.ts';
import { frozenCopy } from './frozen-copy.ts';
import { type Judgement, merge, type Progress } from './merge.ts';
import type { OperationState } from './operations.ts';
import type { Participant, Plan } from './plan.ts';
import { type Hidden, hiddenFrom, redact } from './redact.ts';

/** Where an event comes from. */
export interface Origin {
  readonly operation?: OperationState | undefined;
  readonly session?: string | undefined;
  /** The scope it was fired in, for those who fire the next one; nothing the dispatcher looks into. */
  readonly scope?: unknown;
  /** The event during which a plugin fired this one. */
  readonly parent?: EventRun | undefined;
  readonly traceparent?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One answer, taken. */
export interface Answered {
  readonly participant: Participant;
  readonly stage: number;
  readonly judgement: Judgement;
  /** Since the event, in milliseconds. */
  readonly startMs: number;
  readonly durationMs: number;
  readonly attempts: number;
  readonly pid: number | undefined;
  readonly coldStart: boolean;
}

/** One event on its way: what it carries, how far it has come, and the raw record its trace is made from. */
export class EventRun {
  readonly event: string;
  readonly plan: Plan;
  readonly origin: Origin;
  readonly time: number;
  readonly depth: number;
  /** On the timers’ clock: when the budget of all plugins together is over. Put off by handlers that may take as long as they want. */
  deadline: number;
  readonly answers: Answered[] = [];
  /** Stages that were gone through; whoever stands in one without an answer did not match. */
  reached = 0;
  /** Who handles the event right now. */
  readonly busy: string[] = [];
  progress: Progress;
  /** Why nothing more is asked and emit() rejects. */
  cancelled: Failure | undefined;
  isFinished = false;
  durationMs = 0;
  /** Rough size of what the record keeps alive, in bytes; complete when the event is over. */
  weight = 0;
  readonly #startedAt: number = performance.now();
  #cancels: Set<(reason: Failure) => void> | undefined;
  #context: EventContext | undefined;
  #shared: string | undefined;
  #sharedPayload: unknown;
  /** By what they leave out; at most three, and only of a hook point that marks fields. */
  #redacted: Map<Hidden, { readonly of: unknown; readonly text: string }> | undefined;
  #view: { readonly of: unknown; readonly copy: Record<string, unknown>; readonly bytes: number } | undefined;

  constructor(plan: Plan, payload: Record<string, unknown>, options: { origin: Origin; now: number; hasBudget: boolean }) {
    const { origin } = options;
    this.plan = plan;
    this.origin = origin;
    this.time = Date.now();
    this.event = makeEventId(this.time);
    this.depth = origin.parent === undefined ? 0 : origin.parent.depth + 1;
    const own = options.hasBudget ? options.now + plan.hook.budgetMs : Number.POSITIVE_INFINITY;
    // One that is over has no time left to share: a plugin that was told in the background fires with a budget of its own.
    this.deadline = origin.parent === undefined || origin.parent.isFinished ? own : Math.min(own, origin.parent.deadline);
    this.progress = { status: 'continued', payload };
  }

  /** What ends the waiting for each call that may be called off; few events have any. */
  get cancels(): Set<(reason: Failure) => void> {
    this.#cancels ??= new Set();
    return this.#cancels;
  }

  get hook(): LoadedHook {
    return this.plan.hook;
  }

  get context(): EventContext {
    if (this.#context === undefined) {
      const { operation, session, parent, traceparent } = this.origin;
      const context: EventContext = { time: isoTime(this.time) };
      if (operation !== undefined) context.operation = operation.id;
      if (session !== undefined) context.session = session;
      if (parent !== undefined) context.parent = parent.event;
      if (this.depth > 0) context.depth = this.depth;
      if (traceparent !== undefined) context.traceparent = traceparent;
      this.#context = context;
    }
    return this.#context;
  }

  /** The part of the message that all plugins seeing the same payload share; serialised once. Throws PAYLOAD_INVALID. */
  get shared(): string {
    const { payload } = this.progress;
    if (this.#shared === undefined || this.#sharedPayload !== payload) {
      this.#shared = this.#message(this.#json(payload));
      this.#sharedPayload = payload;
    }
    return this.#shared;
  }

  /** The same part for plugins that some marked fields are kept from; undefined: none. Throws PAYLOAD_INVALID. */
  sharedWithout(hidden: Hidden | undefined): string {
    if (hidden === undefined) return this.shared;
    const { payload } = this.progress;
    const known = this.#redacted?.get(hidden);
    if (known?.of === payload) return known.text;
    const text = this.#message(this.#jsonWithout(payload, hidden));
    this.#redacted ??= new Map();
    this.#redacted.set(hidden, { of: payload, text });
    return text;
  }

  #message(payload: string): string {
    return `"event":"${this.event}","hook":"${this.hook.name}","context":${this.#contextText()},"payload":${payload}`;
  }

  /** Most events have nothing but a time. */
  #contextText(): string {
    const { operation, session, parent, traceparent } = this.origin;
    const isPlain = operation === undefined && session === undefined && parent === undefined && traceparent === undefined;
    return isPlain ? `{"time":"${isoTime(this.time)}"}` : JSON.stringify(this.context);
  }

  /** The payload as in-process handlers see it: only an answer can change it. Throws PAYLOAD_INVALID. */
  get view(): Record<string, unknown> {
    const { payload } = this.progress;
    if (this.#view?.of !== payload) this.#view = { of: payload, ...this.#frozen(payload) };
    return this.#view.copy;
  }

  /** Makes the payload ready for a participant. Throws PAYLOAD_INVALID. */
  prepare({ handler, subscription }: Participant): unknown {
    if (handler !== undefined) return this.view;
    return this.hook.sensitive === undefined ? this.shared : this.sharedWithout(hiddenFrom(this.hook, subscription.sees));
  }

  /** True when this event was fired, at any depth, inside one that the plugin handles right now. */
  isInside(plugin: string): boolean {
    let outer = this.origin.parent;
    while (outer !== undefined && !outer.busy.includes(plugin)) outer = outer.origin.parent;
    return outer !== undefined;
  }

  #json(payload: unknown): string {
    try {
      return JSON.stringify(payload);
    } catch (cause) {
      throw this.#notJson(cause);
    }
  }

  #jsonWithout(payload: unknown, hidden: Hidden): string {
    try {
      return JSON.stringify(redact(payload, this.hook.sensitive?.payload, hidden));
    } catch (cause) {
      throw this.#notJson(cause);
    }
  }

  #frozen(payload: Record<string, unknown>): { readonly copy: Record<string, unknown>; readonly bytes: number } {
    try {
      return frozenCopy(payload);
    } catch (cause) {
      throw this.#notJson(cause);
    }
  }

  #notJson(cause: unknown): HostError {
    return new HostError('PAYLOAD_INVALID', `Cannot emit "${this.hook.name}": the payload is not JSON: ${String(cause)}`, { cause });
  }

  /** Milliseconds since the event was fired. */
  elapsed(): number {
    return performance.now() - this.#startedAt;
  }

  /** Takes an answer into the record and the outcome. */
  take(answered: Answered): void {
    this.answers.push(answered);
    this.progress = merge(this.progress, answered.participant.subscription, answered.judgement);
  }

  /** True when nothing more is to be asked. */
  get isOver(): boolean {
    return this.cancelled !== undefined || this.progress.status !== 'continued';
  }

  /** The event is over: what was only needed on the way is let go. */
  finish(): void {
    this.isFinished = true;
    this.durationMs = this.elapsed();
    this.weight += 1024 + this.#payloadWeight() * (1 + this.answers.filter(isChange).length);
    this.#shared = undefined;
    this.#redacted = undefined;
    this.#view = undefined;
  }

  /** Of one version; each that changed it leaves another one behind. */
  #payloadWeight(): number {
    const texts = this.#shared === undefined ? [...(this.#redacted?.values() ?? [])].map(({ text }) => text) : [this.#shared];
    return texts.length === 0 ? smallWeight(this.#view?.bytes ?? 0) : Math.max(...texts.map(jsonWeight));
  }

  /** Ends the event without an outcome. */
  cancel(reason: Failure): void {
    this.cancelled ??= reason;
    this.callOff(reason.message);
  }

  /** Ends the waiting for the calls in flight. */
  callOff(message: string): void {
    for (const cancel of [...(this.#cancels ?? [])]) cancel({ code: 'EVENT_CANCELLED', message });
  }
}

function isChange({ judgement }: Answered): boolean {
  return judgement.status === 'modified' || (judgement.status === 'continued' && judgement.would?.action === 'modify');
}
