import type { Permissions } from '@outrigger/schemas';
import { Breaker } from '../dispatcher/breaker.ts';
import type { LocalHandler, Participant } from '../dispatcher/plan.ts';
import { HostError } from '../protocol/errors.ts';
import { compileMatch } from '../registry/match.ts';
import { MODE_ORDER } from '../registry/order.ts';
import { failurePolicyOf } from '../registry/subscriptions.ts';
import type { LoadedHook, RegisteredPlugin, Subscription } from '../registry/types.ts';
import type { PluginHandle } from '../supervisor/types.ts';
import type { Handler, HandlerOptions } from './types.ts';

/** In-process handlers stand behind plugins of equal priority: what the application does by default comes last. */
const HANDLERS_FROM = 1_000_000;
let handlers = 0;

/** A participant for a plugin’s subscription. */
export function pluginParticipant(subscription: Subscription, plugin: PluginHandle, breaker: Breaker = new Breaker()): Participant {
  const matches = subscription.match === undefined ? undefined : compileMatch(subscription.match);
  return { subscription, matches, breaker, plugin, handler: undefined };
}

/** What a plugin sees follows what it is granted, for one that may ask for more while the host runs. */
export function seeing(subscription: Subscription, { manifest }: RegisteredPlugin, granted: () => Permissions): Subscription {
  if (manifest?.optionalPermissions?.sensitive === undefined) return subscription;
  return {
    ...subscription,
    get sees() {
      return granted().sensitive ?? [];
    },
  };
}

/** A participant for a function of the application’s own. Throws HANDLER_INVALID. */
export function handlerParticipant(hook: LoadedHook, handler: Handler<Record<string, unknown>>, options: HandlerOptions): Participant {
  if (typeof handler !== 'function') throw new HostError('HANDLER_INVALID', `Cannot add a handler to "${hook.name}": it is no function`);
  const mistake = mistakeIn(options);
  if (mistake !== undefined) throw new HostError('HANDLER_INVALID', `Cannot add a handler to "${hook.name}": ${mistake}`);
  const mode = options.mode ?? 'sequential';
  const subscription: Subscription = {
    plugin: options.name ?? (handler.name || 'handler'),
    hook: hook.name,
    mode,
    priority: options.priority ?? 50,
    before: options.before ?? [],
    after: options.after ?? [],
    match: undefined,
    timeoutMs:
      options.timeoutMs === Number.POSITIVE_INFINITY ? options.timeoutMs : Math.min(hook.timeoutMs, options.timeoutMs ?? hook.timeoutMs),
    onFailure: options.onFailure ?? hook.onFailure ?? failurePolicyOf(mode),
    sees: ['secret', 'personal'],
    order: HANDLERS_FROM + handlers++,
    sources: { mode: options.mode === undefined ? 'default' : 'handler', priority: options.priority === undefined ? 'default' : 'handler' },
  };
  return { subscription, matches: undefined, breaker: new Breaker(), plugin: undefined, handler: handler as LocalHandler };
}

const POLICIES = ['fail', 'ignore', 'disable'];

function mistakeIn({ name, mode, priority, timeoutMs, onFailure }: HandlerOptions): string | undefined {
  if (name === '') return 'its name is empty';
  if (mode !== undefined && mode !== 'disabled' && !MODE_ORDER.includes(mode))
    return `mode "${mode}" does not exist; use one of ${MODE_ORDER.join(', ')}`;
  if (onFailure !== undefined && !POLICIES.includes(onFailure))
    return `onFailure "${onFailure}" does not exist; use one of ${POLICIES.join(', ')}`;
  if (priority !== undefined && !Number.isInteger(priority)) return `priority ${priority} is no whole number`;
  if (timeoutMs !== undefined && !(timeoutMs > 0)) return `timeoutMs ${timeoutMs} is not above 0`;
  return undefined;
}
