import type { HookEmitParams, HookEmitResult } from '@outrigger/schemas';
import type { EventRun } from '../dispatcher/event-run.ts';
import { shownOutcome } from '../dispatcher/redact.ts';
import { holdsMark } from '../dispatcher/restore.ts';
import { HostError } from '../protocol/errors.ts';
import type { Core } from './core.ts';
import { LIMITS } from './plugin-spec.ts';
import type { HostScope } from './scope.ts';

export interface EmitRequest {
  readonly plugin: string;
  readonly params: HookEmitParams;
  /** Aborted when the plugin takes its request back or ends. */
  readonly signal: AbortSignal;
}

/** `hook/emit`: a plugin fires an event inside the one it works on. Rejects with EMIT_CYCLE, EMIT_TOO_DEEP, HOOK_UNKNOWN, PAYLOAD_INVALID. */
export async function nestedEmit(core: Core, request: EmitRequest): Promise<HookEmitResult> {
  const { plugin, params, signal } = request;
  const parent = parentOf(core, plugin, params.event);
  refuseCircles(params.hook, parent, core.registry.config.limits?.emitDepth ?? LIMITS.emitDepth);
  const scope = (parent?.origin.scope as HostScope | undefined) ?? core.root;
  if (scope === undefined) throw new HostError('HOST_STOPPED', 'Cannot fire an event: the host is not ready');
  const traceparent = parent?.origin.traceparent;
  const options = { signal, ...(traceparent === undefined ? {} : { traceparent }) };
  const hook = core.loadedHook(params.hook);
  // It hands on what it saw itself, and what was hidden from it is not to be given back as if it were the value.
  if (holdsMark(params.payload, hook.sensitive?.payload))
    throw new HostError(
      'PAYLOAD_INVALID',
      `Cannot emit "${hook.name}": a field marked "x-sensitive" holds "[redacted]"; send its value or leave it out`,
    );
  const outcome = await scope.scopedHook(params.hook).fire(params.payload, options, { parent, operation: parent?.origin.operation });
  const { event, status, violation } = outcome;
  const { payload, value } = shownOutcome(hook, core.grants.of(plugin).sensitive ?? [], outcome);
  return { event, status, payload, ...(violation === undefined ? {} : { violation }), ...(status === 'replaced' ? { value } : {}) };
}

/**
 * A plugin that names no event is taken to act for the deepest one it handles, so that leaving the name out hides no
 * circle. Between two sessions it must say which: a guess could tell one what belongs to the other.
 */
function parentOf(core: Core, plugin: string, event: string | undefined): EventRun | undefined {
  if (event === undefined) {
    const handled = core.recent.handledBy(plugin);
    if (new Set(handled.map(({ origin }) => origin.scope)).size <= 1) return handled[0];
    throw new HostError('PARAMS_INVALID', `Cannot fire an event: plugin "${plugin}" handles events of several scopes, name one as "event"`);
  }
  const run = core.recent.find(event);
  if (run !== undefined && handles(run, plugin)) return run;
  throw new HostError('PARAMS_INVALID', `Cannot fire an event inside "${event}": plugin "${plugin}" does not handle such an event`);
}

/** Right now, or afterwards as one who was told in the background. */
function handles(run: EventRun, plugin: string): boolean {
  const wasTold = run.answers.some(
    ({ participant, judgement }) => judgement.status === 'delivered' && participant.subscription.plugin === plugin,
  );
  return wasTold || run.busy.includes(plugin);
}

function refuseCircles(hook: string, parent: EventRun | undefined, deepest: number): void {
  const chain: string[] = [];
  for (let run = parent; run !== undefined; run = run.origin.parent) chain.unshift(run.hook.name);
  if (chain.includes(hook)) {
    throw new HostError('EMIT_CYCLE', `Cannot fire "${hook}": it would go round in a circle: ${[...chain, hook].join(' → ')}`);
  }
  if (chain.length > deepest)
    throw new HostError('EMIT_TOO_DEEP', `Cannot fire "${hook}": events are nested ${chain.length} deep, the limit is ${deepest}`);
}
