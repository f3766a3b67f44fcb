import type { Subscription } from '../../../host/registry/types.ts';

let made = 0;

/** A subscription with defaults; places in the configuration count upward. */
export function subscription(plugin: string, changes: Partial<Subscription> = {}): Subscription {
  return {
    plugin,
    hook: 'conda.pre_command',
    mode: 'sequential',
    priority: 50,
    before: [],
    after: [],
    match: undefined,
    timeoutMs: 5000,
    onFailure: 'fail',
    sees: [],
    order: made++,
    sources: {},
    ...changes,
  };
}
