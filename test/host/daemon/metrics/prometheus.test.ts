import type { StatusResult } from '@outrigger/schemas';
import { expect, test } from 'vitest';
import type { FinishedCall, FinishedEvent } from '../../../../host/daemon/metrics/finished-event.ts';
import { PrometheusMetrics } from '../../../../host/daemon/metrics/prometheus.ts';

const STATUS = { memoryKb: 2, clients: 3, failOpens: [], plugins: [] } as unknown as StatusResult;
const CALL: FinishedCall = { plugin: 'a', status: 'continued', startMs: 0, durationMs: 20 };

function event(...calls: FinishedCall[]): FinishedEvent {
  return { event: 'e', hook: 'app.save', time: 0, durationMs: 30, status: 'continued', calls, read: () => ({}) as never, text: () => '{}' };
}

test('text() has calls, failures by code and durations in seconds, by plugin and hook point', async () => {
  const metrics = new PrometheusMetrics({ status: () => STATUS });
  metrics.watch(event(CALL, { ...CALL, plugin: 'b', status: 'failed', code: 'PLUGIN_TIMEOUT' }));
  const text = await metrics.text();
  expect(text).toContain('outrigger_events_total{hook="app.save",outcome="continued"} 1');
  expect(text).toContain('outrigger_calls_total{plugin="b",hook="app.save",status="failed"} 1');
  expect(text).toContain('outrigger_call_failures_total{plugin="b",hook="app.save",code="PLUGIN_TIMEOUT"} 1');
  expect(text).toContain('outrigger_call_duration_seconds_bucket{le="0.025",plugin="a",hook="app.save"} 1');
  expect(text).toContain('outrigger_call_duration_seconds_sum{plugin="a",hook="app.save"} 0.02');
});

test('text() has restarts, queue, fail-opens and memory as they are when it is asked', async () => {
  const plugin = { name: 'a', state: 'ready' as const, restarts: 4, queued: 5, inFlight: 6, memoryKb: 7 };
  const failOpens = [{ plugin: 'a', hook: 'app.save', code: 'PLUGIN_TIMEOUT', count: 8 }];
  const metrics = new PrometheusMetrics({
    status: () => ({ ...STATUS, plugins: [plugin], failOpens, answers: { bytes: 9, refused: 10 } }),
  });
  await metrics.text();
  const text = await metrics.text();
  expect(text).toContain('outrigger_plugin_restarts_total{plugin="a"} 4');
  expect(text).toContain('outrigger_plugin_up{plugin="a"} 1');
  expect(text).toContain('outrigger_plugin_queued_calls{plugin="a"} 5');
  expect(text).toContain('outrigger_plugin_calls_in_flight{plugin="a"} 6');
  expect(text).toContain('outrigger_plugin_memory_bytes{plugin="a"} 7168');
  expect(text).toContain('outrigger_fail_opens_total{plugin="a",hook="app.save",code="PLUGIN_TIMEOUT"} 8');
  expect(text).toContain('outrigger_daemon_memory_bytes 2048');
  expect(text).toContain('outrigger_answer_bytes 9');
  expect(text).toContain('outrigger_answers_refused_total 10');
});

test('text() does not grow with names: what comes later is counted together', async () => {
  const metrics = new PrometheusMetrics({ status: () => STATUS, maxPairs: 3 });
  for (let name = 0; name < 100; name++) metrics.watch(event({ ...CALL, plugin: `p${name}` }));
  const text = await metrics.text();
  expect(text).toContain('outrigger_calls_total{plugin="p1",hook="app.save",status="continued"} 1');
  expect(text).toContain('outrigger_calls_total{plugin="other",hook="other",status="continued"} 98');
  expect(text.match(/outrigger_calls_total\{/g)).toHaveLength(3);
});

test('text() has the numbers of the journal, and what waits for each plugin', async () => {
  const spool = { events: 4, bytes: 5, dropped: 6, lost: 7 };
  const journal = { file: 'f', bytes: 1, written: 2, lost: 3, queued: 8, spool };
  const plugins = [{ name: 'a', state: 'ready' as const, spool: { events: 4, bytes: 5, aside: 0 } }];
  const metrics = new PrometheusMetrics({ status: () => ({ ...STATUS, journal, plugins }) });
  await metrics.text();
  const text = await metrics.text();
  expect(text).toContain('outrigger_journal_bytes 1');
  expect(text).toContain('outrigger_journal_written_total 2');
  expect(text).toContain('outrigger_journal_lost_total 3');
  expect(text).toContain('outrigger_journal_queued 8');
  expect(text).toContain('outrigger_spool_dropped_total 6');
  expect(text).toContain('outrigger_plugin_spooled_events{plugin="a"} 4');
});
