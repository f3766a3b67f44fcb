import type { Config } from '@outrigger/schemas';
import type { RegisteredPlugin, Registry } from '../../registry/types.ts';

/** What is opened once, when the host starts. */
const FIXED = ['dataDir', 'traces', 'journal'] as const satisfies readonly (keyof Config)[];

/** Why a registry may not take the place of another while a host runs; undefined when it may. */
export function whyNot(before: Registry, after: Registry): string | undefined {
  const gone = before.configFiles.find((file) => !after.configFiles.includes(file));
  if (gone !== undefined)
    return `Cannot use the configuration: "${gone}" is gone, so what it said stays in force; put it back, or stop the host and start it again`;
  const fixed = FIXED.find((key) => JSON.stringify(before.config[key]) !== JSON.stringify(after.config[key]));
  if (fixed !== undefined)
    return `Cannot change "${fixed}" while the host runs: stop it and start it again; everything else was left as it is too`;
  for (const { name, state } of before.plugins.values()) {
    const next = after.plugins.get(name);
    if (state === 'enabled' && next !== undefined && isLost(next)) return lostReason(next);
  }
  return undefined;
}

/** It broke by itself, or its code is not the accepted one: events must not go on without it because of that. */
function isLost({ state, lock }: RegisteredPlugin): boolean {
  return state === 'broken' || (state === 'untrusted' && lock === 'changed');
}

function lostReason({ name, reason, state, directory }: RegisteredPlugin): string {
  const why = reason ?? state;
  const where = directory === undefined ? '' : ` in "${directory}"`;
  return `Cannot use plugin "${name}"${where} as it is now, so the version that was loaded keeps running: ${why}`;
}
