import type { HooksExplainParams, HooksExplainResult } from '@outrigger/schemas';
import type { OrderedSubscription } from '../../registry/types.ts';
import type { Explanation } from '../types.ts';
import type { AnyHost } from './types.ts';

/** The plan of a hook point as clients and the command line are told. Throws HOOK_UNKNOWN. */
export function explainHook(host: AnyHost, { hook }: HooksExplainParams): HooksExplainResult {
  return explained(host.explain(hook));
}

export function explained({ hook, description, stages, left }: Explanation): HooksExplainResult {
  return {
    hook,
    description,
    plan: stages.flatMap((stage, index) => stage.map((line) => planLine(line, index))),
    left: left.map(({ plugin, reason }) => ({ plugin, reason })),
  };
}

function planLine({ subscription, why }: OrderedSubscription, stage: number): HooksExplainResult['plan'][number] {
  const { plugin, mode, priority, timeoutMs, onFailure, match } = subscription;
  return { stage, plugin, mode, priority, timeoutMs, onFailure, ...(match ? { match: [...match] } : {}), why: [...why] };
}
