import type { LoadedHook, RegisteredPlugin, Registry, Subscription } from '../../registry/types.ts';

/** A plugin whose new version cannot be used, so that the one before stays. */
export interface KeptPlugin {
  readonly plugin: string;
  readonly reason: string;
}

/** Plugins that run and must not be lost because something broke by itself: events must not go on without them for that. */
export function lostPlugins(before: Registry, after: Registry): KeptPlugin[] {
  return [...before.plugins.values()].flatMap(({ name, state }) => {
    const next = after.plugins.get(name);
    return state === 'enabled' && next !== undefined && isLost(next) ? [{ plugin: name, reason: lostReason(next) }] : [];
  });
}

/** A plugin whose new version did not start. */
export function keptFor(plugin: string, cause: string): KeptPlugin {
  return { plugin, reason: `Cannot use the new version of plugin "${plugin}", so the one before keeps running: ${cause}` };
}

/** The registry `after`, in which these plugins are as they were before, and a problem each. */
export function keepLast(before: Registry, after: Registry, kept: readonly KeptPlugin[]): Registry {
  if (kept.length === 0) return after;
  const names = new Set(kept.map(({ plugin }) => plugin));
  const others = [...after.subscriptions.values()].flat().filter(({ plugin }) => !names.has(plugin));
  const theirs = [...before.subscriptions.values()].flat().filter(({ plugin }) => names.has(plugin));
  const still = theirs.flatMap((subscription) => within(subscription, after.hooks.get(subscription.hook)));
  return {
    ...after,
    plugins: new Map([...after.plugins].map(([name, plugin]) => [name, (names.has(name) && before.plugins.get(name)) || plugin])),
    subscriptions: Map.groupBy([...others, ...still], ({ hook }) => hook),
    problems: [...after.problems, ...kept.map(({ plugin, reason }) => ({ severity: 'warning', plugin, message: reason }) as const)],
  };
}

/** A hook point may be gone, or have less time than it had. */
function within(subscription: Subscription, hook: LoadedHook | undefined): Subscription[] {
  if (hook === undefined) return [];
  return [{ ...subscription, timeoutMs: Math.min(subscription.timeoutMs, hook.timeoutMs) }];
}

/** It broke by itself, or its code is not the accepted one. */
function isLost({ state, lock }: RegisteredPlugin): boolean {
  return state === 'broken' || (state === 'untrusted' && lock === 'changed');
}

function lostReason({ name, reason, state, directory }: RegisteredPlugin): string {
  const why = reason ?? state;
  const where = directory === undefined ? '' : ` in "${directory}"`;
  return `Cannot use plugin "${name}"${where} as it is now, so the version that was loaded keeps running: ${why}`;
}
