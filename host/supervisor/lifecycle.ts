import type { PluginState } from './types.ts';

/**
 * `start`: a process is launched. `hello`: the handshake is done. `stop`: the operator, the host or idleness wants it gone.
 * `end`: the process is gone and nothing was wrong. `fail`: it is gone and a new one must wait. `quarantine`, `refuse`: no new one
 * for long, or until restarted by hand. `rest`: the wait is over and nobody needs the plugin.
 */
export type LifecycleEvent = 'start' | 'hello' | 'stop' | 'end' | 'fail' | 'quarantine' | 'refuse' | 'rest';

/** Every allowed step of one plugin's life. What is not in the table does not happen. */
export const NEXT: Readonly<Record<PluginState, Partial<Record<LifecycleEvent, PluginState>>>> = {
  stopped: { start: 'starting' },
  starting: { hello: 'ready', stop: 'draining', end: 'stopped', fail: 'backoff', quarantine: 'quarantined', refuse: 'refused' },
  ready: { stop: 'draining', end: 'stopped', fail: 'backoff', quarantine: 'quarantined', refuse: 'refused' },
  draining: { end: 'stopped' },
  backoff: { start: 'starting', rest: 'stopped' },
  quarantined: { start: 'starting', rest: 'stopped' },
  refused: { start: 'starting' },
};

/** The state after an event; undefined when the table does not allow it. */
export function nextState(state: PluginState, event: LifecycleEvent): PluginState | undefined {
  return NEXT[state][event];
}
