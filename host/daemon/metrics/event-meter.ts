import type { Histogram, MeterProvider } from '@opentelemetry/api';
import type { EventWatcher } from './finished-event.ts';
import { registeredApi } from './open-telemetry.ts';

const MS = 1000;

/** By the provider they belong to: an application may replace it. */
const watchers: WeakMap<MeterProvider, EventWatcher> = new WeakMap();

/** Measures events and calls for OpenTelemetry; undefined when the application registered no meter provider. */
export function eventMeter(): EventWatcher | undefined {
  const provider = registeredApi('metrics')?.metrics.getMeterProvider();
  if (provider === undefined) return undefined;
  const known = watchers.get(provider);
  if (known !== undefined) return known;
  const watcher = makeWatcher(provider);
  watchers.set(provider, watcher);
  return watcher;
}

function makeWatcher(provider: MeterProvider): EventWatcher {
  const meter = provider.getMeter('outrigger');
  const seconds = (name: string, description: string): Histogram => meter.createHistogram(name, { description, unit: 's' });
  const events = seconds('outrigger.event.duration', 'From emit to outcome.');
  const calls = seconds('outrigger.call.duration', 'How long a call of a plugin or handler took.');
  return ({ hook, status: outcome, durationMs: wholeMs, calls: made }) => {
    events.record(wholeMs / MS, { hook, outcome });
    for (const { plugin, status, code, durationMs } of made)
      calls.record(durationMs / MS, { plugin, hook, status, ...(code === undefined ? {} : { 'error.type': code }) });
  };
}
