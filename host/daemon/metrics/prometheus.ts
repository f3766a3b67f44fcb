import type { StatusResult } from '@outrigger/schemas';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { EventWatcher, FinishedEvent } from './finished-event.ts';

/** Most pairs of plugin and hook point with series of their own; what comes later is counted together, as `other`. */
export const MAX_PAIRS = 1000;

/** In seconds: a plugin that is warm answers in about a millisecond, and the longest usual timeout is half a minute. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const MS = 1000;
const BYTES_PER_KB = 1024;

interface Pair {
  readonly plugin: string;
  readonly hook: string;
}

const OTHER: Pair = { plugin: 'other', hook: 'other' };

export interface PrometheusOptions {
  readonly status: () => StatusResult;
  /** HTTP connections that were ended because there were too many. */
  readonly droppedConnections?: () => number;
  /** Default `MAX_PAIRS`. */
  readonly maxPairs?: number;
}

/** The numbers of a daemon as Prometheus reads them: events as they end, everything else when it asks. */
export class PrometheusMetrics {
  readonly #registry: Registry = new Registry();
  readonly #status: () => StatusResult;
  readonly #droppedConnections: () => number;
  readonly #maxPairs: number;
  readonly #pairs: Set<string> = new Set();
  readonly #events = this.#counter('events_total', 'Events that are over.', ['hook', 'outcome']);
  readonly #eventSeconds = this.#histogram('event_duration_seconds', 'From emit to outcome.', ['hook']);
  readonly #calls = this.#counter('calls_total', 'Calls of plugins and handlers, by what they answered.', ['plugin', 'hook', 'status']);
  readonly #failures = this.#counter('call_failures_total', 'Calls that failed, by error code.', ['plugin', 'hook', 'code']);
  readonly #callSeconds = this.#histogram('call_duration_seconds', 'How long a call took.', ['plugin', 'hook']);
  readonly #failOpens = this.#counter('fail_opens_total', 'Events that went on in spite of a failure.', ['plugin', 'hook', 'code']);
  readonly #restarts = this.#counter('plugin_restarts_total', 'Starts that followed a failure.', ['plugin']);
  readonly #up = this.#gauge('plugin_up', '1 when its process is ready.', ['plugin']);
  readonly #queued = this.#gauge('plugin_queued_calls', 'Calls that wait to be written to it.', ['plugin']);
  readonly #inFlight = this.#gauge('plugin_calls_in_flight', 'Calls it has not answered.', ['plugin']);
  readonly #pluginMemory = this.#gauge('plugin_memory_bytes', 'Memory of its process and those below it.', ['plugin']);
  readonly #memory = this.#gauge('daemon_memory_bytes', 'Memory of the daemon itself.', []);
  readonly #clients = this.#gauge('daemon_clients', 'Clients that are connected.', []);
  readonly #httpDropped = this.#counter('http_connections_dropped_total', 'HTTP connections ended because there were too many.', []);

  readonly #answerBytes = this.#gauge('answer_bytes', 'What answers to events under way take.', []);
  readonly #answersRefused = this.#counter('answers_refused_total', 'Answers there was no room for.', []);
  readonly #journalLost = this.#counter('journal_lost_total', 'Traces and records that could not be kept.', []);
  readonly #journalWritten = this.#counter('journal_written_total', 'Traces and records that were written.', []);
  readonly #journalQueued = this.#gauge('journal_queued', 'Traces and records that wait for the disk.', []);
  readonly #journalBytes = this.#gauge('journal_bytes', 'Size of the journal on disk.', []);
  readonly #spoolDropped = this.#counter('spool_dropped_total', 'Events for delivery at least once, dropped because too many waited.', []);
  readonly #spooled = this.#gauge('plugin_spooled_events', 'Events for delivery at least once that wait for it.', ['plugin']);

  constructor({ status, droppedConnections = () => 0, maxPairs = MAX_PAIRS }: PrometheusOptions) {
    this.#status = status;
    this.#droppedConnections = droppedConnections;
    this.#maxPairs = maxPairs;
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  readonly watch: EventWatcher = (event) => {
    const hook = this.#bounded({ plugin: '', hook: event.hook }).hook;
    this.#events.inc({ hook, outcome: event.status });
    this.#eventSeconds.observe({ hook }, event.durationMs / MS);
    for (const call of event.calls) this.#count(event.hook, call);
  };

  /** The text for `/metrics`. */
  text(): Promise<string> {
    this.#collect(this.#status());
    return this.#registry.metrics();
  }

  #count(hook: string, { plugin, status, code, durationMs }: FinishedEvent['calls'][number]): void {
    const pair = this.#bounded({ plugin, hook });
    this.#calls.inc({ ...pair, status });
    if (code !== undefined) this.#failures.inc({ ...pair, code });
    if (status !== 'delivered') this.#callSeconds.observe({ ...pair }, durationMs / MS);
  }

  #collect({ plugins, failOpens, memoryKb, clients, answers, journal }: StatusResult): void {
    const anew = [
      this.#restarts,
      this.#up,
      this.#queued,
      this.#inFlight,
      this.#pluginMemory,
      this.#failOpens,
      this.#spooled,
      this.#answersRefused,
      this.#httpDropped,
    ];
    for (const metric of anew) metric.reset();
    for (const one of plugins) {
      const { plugin } = this.#bounded({ plugin: one.name, hook: '' });
      this.#restarts.inc({ plugin }, one.restarts ?? 0);
      this.#up.inc({ plugin }, one.state === 'ready' ? 1 : 0);
      this.#queued.inc({ plugin }, one.queued ?? 0);
      this.#inFlight.inc({ plugin }, one.inFlight ?? 0);
      this.#pluginMemory.inc({ plugin }, (one.memoryKb ?? 0) * BYTES_PER_KB);
      if (one.spool !== undefined) this.#spooled.inc({ plugin }, one.spool.events);
    }
    for (const { plugin, hook, code, count } of failOpens) this.#failOpens.inc({ ...this.#bounded({ plugin, hook }), code }, count);
    this.#memory.set(memoryKb * BYTES_PER_KB);
    this.#clients.set(clients);
    this.#httpDropped.inc(this.#droppedConnections());
    this.#answerBytes.set(answers?.bytes ?? 0);
    this.#answersRefused.inc(answers?.refused ?? 0);
    this.#collectJournal(journal);
  }

  #collectJournal(journal: StatusResult['journal']): void {
    for (const metric of [this.#journalLost, this.#journalWritten, this.#spoolDropped]) metric.reset();
    this.#journalLost.inc(journal?.lost ?? 0);
    this.#journalWritten.inc(journal?.written ?? 0);
    this.#spoolDropped.inc(journal?.spool?.dropped ?? 0);
    this.#journalQueued.set(journal?.queued ?? 0);
    this.#journalBytes.set(journal?.bytes ?? 0);
  }

  /** Names come from configs and applications; a series for each must not fill the memory of whoever collects them. */
  #bounded(pair: Pair): Pair {
    const key = `${pair.plugin} ${pair.hook}`;
    if (this.#pairs.has(key)) return pair;
    if (this.#pairs.size >= this.#maxPairs) return OTHER;
    this.#pairs.add(key);
    return pair;
  }

  #counter<const L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> {
    return new Counter({ name: `outrigger_${name}`, help, labelNames, registers: [this.#registry] });
  }

  #gauge<const L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L> {
    return new Gauge({ name: `outrigger_${name}`, help, labelNames, registers: [this.#registry] });
  }

  #histogram<const L extends string>(name: string, help: string, labelNames: readonly L[]): Histogram<L> {
    return new Histogram({ name: `outrigger_${name}`, help, labelNames, buckets: BUCKETS, registers: [this.#registry] });
  }
}
