import { availableParallelism } from 'node:os';
import { findLimiter } from '../sandbox/limits/limiter.ts';
import type { HardLimit } from '../sandbox/limits/types.ts';
import type { Choice } from '../sandbox/machine/choose-driver.ts';
import type { Policy, SandboxDriver } from '../sandbox/types.ts';

type Chosen = Extract<Choice, { readonly version: string }>;

/** What the kernel must limit for a whole plugin where `sandbox.requireHardLimits` is true; a share of all processors is no limit. */
export function hardNeeds({ limits }: Pick<Policy, 'limits'>, processors: number = availableParallelism()): readonly HardLimit[] {
  return limits.cpu < processors ? ['memory', 'pids', 'cpu'] : ['memory', 'pids'];
}

/** What of the needs would only be watched under a driver, as a clause with its fix; undefined when nothing. */
export async function whySoft({ driver, enforces }: Chosen, needs: readonly HardLimit[]): Promise<string | undefined> {
  const open = needs.filter((need) => !enforces.has(need));
  if (open.length > 0) return `the driver ${driver.name} does not hold ${open.join(', ')}; leave "sandbox.driver" out of the config`;
  const { hard, gap, label } = findLimiter();
  const soft = needs.filter((need) => !hard.has(need));
  if (soft.length === 0) return undefined;
  return `${label} does not limit ${soft.join(', ')}${gap === undefined ? '' : `: ${gap.why}; ${gap.fix}`}`;
}

/** The driver whose plugins do not start where one of the limits comes out soft after all. */
export function withHardLimits(driver: SandboxDriver, needs: readonly HardLimit[]): SandboxDriver {
  return { ...driver, confine: (spec, policy) => ({ ...driver.confine(spec, policy), mustLimit: needs }) };
}
