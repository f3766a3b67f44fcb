import type { EventWatcher } from './finished-event.ts';
import { RecentDurations } from './recent-durations.ts';

/** How long a plugin takes to answer, in milliseconds, over its latest calls. */
export interface CallTime {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Plugins that are remembered; handlers of applications can have any name. */
const MAX_NAMES = 1000;

/** How long the plugins of a host take. Calls that no process saw, or that nobody waited for, are not counted. */
export class CallTimes {
  readonly #byPlugin: Map<string, RecentDurations> = new Map();

  readonly watch: EventWatcher = ({ calls }) => {
    for (const { plugin, status, durationMs } of calls)
      if (status !== 'failed' && status !== 'cancelled' && status !== 'delivered') this.#of(plugin)?.add(durationMs);
  };

  of(plugin: string): CallTime | undefined {
    const [p50Ms, p99Ms] = this.#byPlugin.get(plugin)?.percentiles(0.5, 0.99) ?? [];
    return p50Ms === undefined || p99Ms === undefined ? undefined : { p50Ms: microseconds(p50Ms), p99Ms: microseconds(p99Ms) };
  }

  #of(plugin: string): RecentDurations | undefined {
    const known = this.#byPlugin.get(plugin);
    if (known !== undefined || this.#byPlugin.size >= MAX_NAMES) return known;
    const durations = new RecentDurations();
    this.#byPlugin.set(plugin, durations);
    return durations;
  }
}

function microseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
