import type { HookOverride, Manifest, Match, MatchEntry, PluginEntry } from '@outrigger/schemas';
import type { Membership } from './sets.ts';
import type { FailurePolicy, LoadedHook, MatchRule, Mode, Subscription } from './types.ts';

/**
 * What wins over what, for each setting by itself; the first that says something decides:
 *
 * | place                                      | settings                     | source                |
 * |--------------------------------------------|------------------------------|-----------------------|
 * | config, `plugins.NAME.hooks.HOOK`          | all                          | `config for this hook` |
 * | config, `plugins.NAME`                     | all                          | `config`              |
 * | config, `sets.*`: nearest, then file order | mode, priority               | `set "NAME"`          |
 * | manifest, `hooks.HOOK`                     | all                          | `manifest`            |
 * | catalog, the hook point                    | onFailure, timeoutMs         | `hook point`          |
 * | the mode                                   | onFailure                    | `mode`                |
 * | Outrigger: sequential, 50, nobody, always  | mode, priority, the rest     | `default`             |
 *
 * `delivery` means something in mode `fire_and_forget` only.
 *
 * A timeout may only shorten the hook point's own. `match`, `runFor` and `watchFor` must all hold.
 */
export interface SubscriptionSources {
  readonly manifest: Manifest;
  readonly entry: PluginEntry;
  /** Nearest first. */
  readonly sets: readonly Membership[];
  /** Place in the configuration. */
  readonly order: number;
  /** Kinds of sensitive fields it was granted. */
  readonly sees: Subscription['sees'];
}

/** One subscription with every override applied. */
export function makeSubscription(hook: LoadedHook, { manifest, entry, sets, order, sees }: SubscriptionSources): Subscription {
  const layers: (readonly [source: string, says: HookOverride | undefined])[] = [
    ['config for this hook', entry.hooks?.[hook.name]],
    ['config', entry],
    ...sets.map(({ name, set }) => [`set "${name}"`, only(set)] as const),
    ['manifest', manifest.hooks[hook.name]],
  ];
  const sources: Record<string, string> = {};
  const pick = <K extends keyof HookOverride>(key: K): HookOverride[K] | undefined => {
    const layer = layers.find(([, says]) => says?.[key] !== undefined);
    sources[key] = layer?.[0] ?? 'default';
    return layer?.[1]?.[key];
  };
  const mode = pick('mode') ?? 'sequential';
  const wish = pick('timeoutMs');
  if (wish === undefined || wish > hook.timeoutMs) sources['timeoutMs'] = 'hook point';
  const onFailure = pick('onFailure') ?? hook.onFailure ?? failurePolicyOf(mode);
  if (sources['onFailure'] === 'default') sources['onFailure'] = hook.onFailure === undefined ? 'mode' : 'hook point';
  const delivery = mode === 'fire_and_forget' && pick('delivery');
  return {
    plugin: manifest.name,
    hook: hook.name,
    mode,
    priority: pick('priority') ?? 50,
    before: pick('before') ?? [],
    after: pick('after') ?? [],
    match: combine(pick('match'), pick('runFor'), pick('watchFor')),
    timeoutMs: Math.min(wish ?? hook.timeoutMs, hook.timeoutMs),
    onFailure,
    sees,
    ...(delivery && { delivery }),
    order,
    sources,
  };
}

/** What a failed answer does when nobody says: who may still change the course of the event fails closed. */
export function failurePolicyOf(mode: Mode): FailurePolicy {
  return mode === 'sequential' || mode === 'concurrent' ? 'fail' : 'ignore';
}

function only({ mode, priority }: Membership['set']): HookOverride {
  return { ...(mode !== undefined && { mode }), ...(priority !== undefined && { priority }) };
}

/** The alternatives of `match`, each narrowed by the short forms. */
function combine(
  match: Match | undefined,
  runFor: readonly string[] | undefined,
  watchFor: readonly string[] | undefined,
): readonly MatchRule[] | undefined {
  if (match === undefined && runFor === undefined && watchFor === undefined) return undefined;
  const alternatives: readonly MatchEntry[] = match === undefined ? [{}] : Array.isArray(match) ? match : [match];
  return alternatives.map((entry) => narrow(narrow(entry, 'command', runFor), 'errorClasses', watchFor));
}

/** A field can be spelled in two ways, so that two conditions on it fit into one rule. */
function narrow(rule: MatchRule, field: string, values: readonly string[] | undefined): MatchRule {
  if (values === undefined) return rule;
  return { ...rule, [Object.hasOwn(rule, `/${field}`) ? field : `/${field}`]: values };
}

/** Whether its events are kept until they were delivered. */
export function isKept({ delivery, mode }: Subscription): boolean {
  return delivery === 'at-least-once' && mode === 'fire_and_forget';
}
