import type { HookPoint, Trace } from '@outrigger/schemas';
import { handlerParticipant, pluginParticipant } from '../../host/daemon/participants.ts';
import type { Handler, HandlerOptions } from '../../host/daemon/types.ts';
import { ANSWER_BYTES, AnswerRoom } from '../../host/dispatcher/answer-room.ts';
import { emit } from '../../host/dispatcher/emit.ts';
import type { EventRun, Origin } from '../../host/dispatcher/event-run.ts';
import { makePlan, type Participant, type Plan } from '../../host/dispatcher/plan.ts';
import { makeTrace } from '../../host/dispatcher/trace.ts';
import type { Outcome } from '../../host/dispatcher/types.ts';
import { Timers } from '../../host/process/timers.ts';
import type { Failure } from '../../host/protocol/types.ts';
import { loadCatalogs } from '../../host/registry/load-catalogs.ts';
import { failurePolicyOf } from '../../host/registry/subscriptions.ts';
import type { LoadedHook, Subscription } from '../../host/registry/types.ts';
import type { CallReply, HookCall, PluginHandle } from '../../host/supervisor/types.ts';

type Payload = Record<string, unknown>;

export const VIOLATION = { code: 'NO', reason: 'not today' };
export const BLOCK = { action: 'block', violation: VIOLATION } as const;

/** `app.save`: a title that must be a text, tags, and whatever else; everything is allowed unless the rules say less. */
export async function loadHook(rules: Partial<HookPoint> = {}): Promise<LoadedHook> {
  const payload = {
    type: 'object',
    properties: { title: { type: 'string' }, tags: { type: 'array', items: { type: 'string' } } },
    required: ['title'],
  };
  const allows = rules.allows ?? ['modify', 'block', 'replace'];
  const save: HookPoint = { description: 'Saves.', payload, allows, ...rules };
  if (allows.includes('modify')) save.writable ??= [''];
  if (allows.includes('replace')) save.replaceSchema ??= {};
  const { hooks } = await loadCatalogs({ objects: [{ name: 'app', hooks: { save } }] });
  const hook = hooks.get('app.save');
  if (hook === undefined) throw new Error('the test catalog has no hook app.save');
  return hook;
}

export function subscribe(hook: LoadedHook, plugin: string, wishes: Partial<Subscription> = {}): Subscription {
  const mode = wishes.mode ?? 'sequential';
  return {
    plugin,
    hook: hook.name,
    mode,
    priority: 50,
    before: [],
    after: [],
    match: undefined,
    timeoutMs: hook.timeoutMs,
    onFailure: failurePolicyOf(mode),
    sees: [],
    order: 0,
    sources: {},
    ...wishes,
  };
}

/** An in-process handler. */
export function handler(hook: LoadedHook, name: string, run: unknown, options: HandlerOptions = {}): Participant {
  return handlerParticipant(hook, run as Handler<Payload>, { name, ...options });
}

/** A plugin that lives in the test: answers when told to, or at once with the answer it was made with. */
export class MemoryPlugin implements PluginHandle {
  readonly name: string;
  readonly calls: HookCall[] = [];
  readonly notes: string[] = [];
  readonly cancelled: Failure[] = [];
  readonly #answer: ((call: HookCall) => unknown) | undefined;

  constructor(name: string, answer?: (call: HookCall) => unknown) {
    this.name = name;
    this.#answer = answer;
  }

  invoke(call: HookCall): (reason: Failure) => void {
    this.calls.push(call);
    if (this.#answer !== undefined) call.settle(answered(this.#answer(call)));
    return (failure) => {
      this.cancelled.push(failure);
      call.settle({ ok: false, failure, attempts: 1 });
    };
  }

  notify(shared: string): Failure | undefined {
    this.notes.push(shared);
    return undefined;
  }

  /** The payload it was called with. */
  payload(call = 0): Payload {
    return (JSON.parse(`{${this.calls[call]?.shared}}`) as { payload: Payload }).payload;
  }
}

export function answered(answer: unknown): CallReply {
  return { ok: true, answer, bytes: JSON.stringify(answer ?? null).length, pid: 4711, coldStart: false, attempts: 1 };
}

export function failure(code: Failure['code'] = 'PLUGIN_EXITED', attempts = 1): CallReply {
  return { ok: false, failure: { code, message: `it failed with ${code}` }, attempts };
}

export function plugin(hook: LoadedHook, handle: PluginHandle, wishes: Partial<Subscription> = {}): Participant {
  return pluginParticipant(subscribe(hook, handle.name, wishes), handle);
}

export function planOf(hook: LoadedHook, participants: readonly Participant[]): Plan {
  return makePlan(hook, participants);
}

/** Fires events at participants. Close it: its clock keeps the process alive. */
export class Stage {
  readonly timers: Timers = new Timers();
  answerBytes: number = ANSWER_BYTES;
  readonly room: AnswerRoom = new AnswerRoom(() => this.answerBytes);
  readonly begun: EventRun[] = [];
  readonly recorded: EventRun[] = [];
  readonly backgroundErrors: unknown[] = [];

  emit(hook: LoadedHook, participants: readonly Participant[], fired: { payload?: Payload; origin?: Origin } = {}): Promise<Outcome> {
    const context = {
      timers: this.timers,
      room: this.room,
      isInspecting: false,
      begin: (run: EventRun) => this.begun.push(run),
      record: (run: EventRun) => this.recorded.push(run),
      backgroundError: (_: Participant, error: unknown) => this.backgroundErrors.push(error),
      shown: (trace: Trace) => trace,
    };
    return emit(planOf(hook, participants), fired.payload ?? { title: 'draft' }, { origin: fired.origin ?? {}, context });
  }

  /** The trace of the last event that is over. */
  get trace(): Trace {
    const run = this.recorded.at(-1);
    if (run === undefined) throw new Error('no event is over');
    return makeTrace(run);
  }

  close(): void {
    this.timers.close();
  }
}
