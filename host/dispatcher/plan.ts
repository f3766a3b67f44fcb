import { HostError } from '../protocol/errors.ts';
import { MODE_ORDER, order } from '../registry/order.ts';
import type { LoadedHook, OrderedSubscription, Subscription } from '../registry/types.ts';
import type { PluginHandle } from '../supervisor/types.ts';
import type { Breaker } from './breaker.ts';
import type { HandlerContext } from './types.ts';

export type LocalHandler = (payload: Record<string, unknown>, context: HandlerContext) => unknown;

/** One that may be asked: a subscription, and the plugin or in-process handler behind it. */
export interface Participant {
  readonly subscription: Subscription;
  readonly matches: ((payload: Readonly<Record<string, unknown>>) => boolean) | undefined;
  readonly breaker: Breaker;
  /** Exactly one of the two is set. */
  readonly plugin: PluginHandle | undefined;
  readonly handler: LocalHandler | undefined;
}

/** The resolved order for one hook point and scope. Stages run one after another, the calls of a stage together. */
export interface Plan {
  readonly hook: LoadedHook;
  readonly stages: readonly (readonly Participant[])[];
  /** `fire_and_forget`: after the outcome. */
  readonly background: readonly Participant[];
  readonly disabled: readonly Participant[];
  readonly ordered: readonly OrderedSubscription[];
  /** Those whose before and after close a circle: they are not asked. */
  readonly left: readonly { readonly subscription: Subscription; readonly reason: string }[];
  /** Nobody is to be asked or told. */
  readonly empty: boolean;
}

/** Pure. Throws ORDER_CYCLE only when an in-process handler is part of the circle: plugins in one are left out. */
export function makePlan(hook: LoadedHook, participants: readonly Participant[]): Plan {
  // One that was let in twice, by a session and by a block inside it, takes part once.
  const bySubscription = new Map(participants.map((participant) => [participant.subscription, participant]));
  const rules = { highFirst: hook.highFirst, tiesByName: hook.tiesByName };
  const { ordered: forward, left } = order([...bySubscription.keys()], rules);
  const ordered = hook.rules.reversed ? reversedInModes(forward) : forward;
  const stages: Participant[][] = [];
  const background: Participant[] = [];
  let together: { mode: string; stage: Participant[] } | undefined;
  for (const { subscription } of ordered) {
    const participant = bySubscription.get(subscription);
    if (participant === undefined) continue;
    switch (subscription.mode) {
      case 'sequential':
      case 'transform':
        stages.push([participant]);
        break;
      case 'audit':
      case 'concurrent':
        if (together?.mode === subscription.mode) together.stage.push(participant);
        else {
          together = { mode: subscription.mode, stage: [participant] };
          stages.push(together.stage);
        }
        break;
      case 'fire_and_forget':
        background.push(participant);
        break;
      case 'disabled':
        break;
    }
  }
  const lost = left.find(({ subscription }) => bySubscription.get(subscription)?.handler !== undefined);
  if (lost !== undefined)
    throw new HostError('ORDER_CYCLE', `Cannot place handler "${lost.subscription.plugin}" at "${hook.name}": ${lost.reason}`);
  const disabled = [...bySubscription.values()].filter((one) => one.subscription.mode === 'disabled');
  return {
    hook,
    stages,
    background,
    disabled,
    ordered,
    left,
    empty: stages.length === 0 && background.length === 0,
  };
}

/** For a hook point that undoes: the last goes first, inside each mode. */
function reversedInModes(ordered: readonly OrderedSubscription[]): OrderedSubscription[] {
  const last = ordered.toReversed().map((one) => ({ ...one, why: [...one.why, 'in reverse: this hook point undoes'] }));
  return MODE_ORDER.flatMap((mode) => last.filter(({ subscription }) => subscription.mode === mode));
}
