import type { EventContext } from '@outrigger/schemas';
import type { CancelSignal, Failure } from '../protocol/types.ts';
import type { LoadedHook } from '../registry/types.ts';
import { isoTime, makeEventId } from './event-id.ts';
import { KeptAnswer } from './kept-answer.ts';
import { type Judgement, merge, type Progress } from './merge.ts';
import type { OperationState } from './operations.ts';
import { PayloadForms } from './payload-forms.ts';
import type { Participant, Plan } from './plan.ts';
import { type Hidden, hiddenFrom } from './redact.ts';
import type { Thrown } from './types.ts';

/** What the record of one answer takes beside what the answer says; measured. */
const ANSWER_BYTES = 256;

/** Where an event comes from. */
export interface Origin {
  readonly operation?: OperationState | undefined;
  readonly session?: string | undefined;
  /** The scope it was fired in, for those who fire the next one; nothing the dispatcher looks into. */
  readonly scope?: unknown;
  /** The event during which a plugin fired this one. */
  readonly parent?: EventRun | undefined;
  readonly traceparent?: string | undefined;
  readonly signal?: CancelSignal | undefined;
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
  answers: Answered[] = [];
  /** Stages that were gone through; whoever stands in one without an answer did not match. */
  reached = 0;
  /** Where it stands among the open events; kept by who holds those. */
  place = -1;
  /** Who handles the event right now. */
  busy: string[] = [];
  progress: Progress;
  /** Why nothing more is asked and emit() rejects. */
  cancelled: Failure | undefined;
  /** What handlers of the application’s own threw, until the outcome has it: the record does not keep it alive. */
  thrown: Thrown[] | undefined;
  isFinished = false;
  /** From the event to its latest answer; without one, to its end. */
  durationMs = 0;
  /** Rough size of what the record keeps alive, in bytes; complete when the event is over. */
  weight = 0;
  /** What of it was taken of the room for answers, which is given back at the end. */
  held = 0;
  /** As many milliseconds pass at least before the deadline: the timers’ clock may stand still, but never runs ahead. */
  readonly leastMs: number;
  readonly #startedAt: number = performance.now();
  #cancels: Set<(reason: Failure) => void> | undefined;
  #context: EventContext | undefined;
  readonly #forms: PayloadForms = new PayloadForms(this);

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
    this.leastMs = this.deadline - options.now;
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
    return this.#forms.text(this.progress.payload);
  }

  /** The same part for plugins that some marked fields are kept from; undefined: none. Throws PAYLOAD_INVALID. */
  sharedWithout(hidden: Hidden | undefined): string {
    const { payload } = this.progress;
    return hidden === undefined ? this.#forms.text(payload) : this.#forms.textWithout(payload, hidden);
  }

  /** The payload as in-process handlers see it: only an answer can change it. Throws PAYLOAD_INVALID. */
  get view(): Record<string, unknown> {
    return this.#forms.view(this.progress.payload);
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

  /** One that is asked begins to handle the event. */
  occupy(plugin: string): void {
    // A list made with its only item takes a tenth of the memory.
    if (this.busy.length === 0) this.busy = [plugin];
    else this.busy.push(plugin);
  }

  /** One that handled the event is done. */
  release(plugin: string): void {
    const last = this.busy.pop();
    if (last === undefined || last === plugin) return;
    const place = this.busy.lastIndexOf(plugin);
    if (place < 0) this.busy.push(last);
    else this.busy[place] = last;
  }

  /** Milliseconds since the event was fired. */
  elapsed(): number {
    return performance.now() - this.#startedAt;
  }

  /** Takes an answer into the record and the outcome. */
  take(answered: Answered): void {
    if (this.answers.length === 0) this.answers = [answered];
    else this.answers.push(answered);
    this.durationMs = answered.startMs + answered.durationMs;
    this.progress = merge(this.progress, answered.participant.subscription, answered.judgement);
  }

  /** True when nothing more is to be asked. */
  get isOver(): boolean {
    return this.cancelled !== undefined || this.progress.status !== 'continued';
  }

  /** The event is over: what was only needed on the way is let go. */
  finish(): void {
    this.isFinished = true;
    this.#cancels = undefined;
    // The last answer has told the time; a reading of the clock costs as much as a promise.
    if (this.durationMs === 0 || this.cancelled !== undefined) this.durationMs = this.elapsed();
    this.weight +=
      1024 +
      ANSWER_BYTES * this.answers.length +
      this.#forms.end() * (1 + this.answers.reduce((changes, one) => changes + (isChange(one) ? 1 : 0), 0));
  }

  /** Hardly anybody looks at its record from now on: it is kept small. */
  letGo(): void {
    for (const { judgement } of this.answers) {
      if (judgement.status === 'continued' && judgement.given instanceof KeptAnswer) judgement.given.letGo();
    }
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
