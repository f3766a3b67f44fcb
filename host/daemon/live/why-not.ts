import type { Config } from '@outrigger/schemas';
import type { Registry } from '../../registry/types.ts';

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
  return undefined;
}
