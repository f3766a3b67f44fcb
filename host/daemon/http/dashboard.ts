import { randomBytes } from 'node:crypto';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { StatusResult } from '@outrigger/schemas';
import { HostError } from '../../protocol/errors.ts';
import type { Logger } from '../../protocol/types.ts';
import type { AnyHost } from '../clients/types.ts';
import type { FinishedEvent } from '../metrics/finished-event.ts';
import type { PrometheusMetrics } from '../metrics/prometheus.ts';
import { Connections } from './connections.ts';
import { isLetIn } from './guard.ts';
import { KeptLines } from './kept-lines.ts';
import { LiveFeed } from './live-feed.ts';
import type { LogTail } from './log-tail.ts';
import { planPictures } from './plan-pictures.ts';
import { answerRequest, type Site } from './routes.ts';
import { type EventLine, KEPT_EVENTS, MAX_CONNECTIONS, type Operator } from './types.ts';

export interface DashboardOptions {
  readonly host: AnyHost;
  readonly status: () => StatusResult;
  readonly tail: LogTail;
  readonly operator: Operator;
  readonly log: Logger;
}

const TOKEN_BYTES = 32;
const REQUEST_MS = 10_000;
const NO_FAILURES: readonly string[] = Object.freeze([]);

/** The HTTP side of a daemon, on this machine only: the page, its live updates, and the numbers for Prometheus. */
export class Dashboard {
  readonly #options: DashboardOptions;
  readonly #events: KeptLines<EventLine> = new KeptLines(KEPT_EVENTS);
  readonly #feed: LiveFeed;
  readonly #token: string = randomBytes(TOKEN_BYTES).toString('base64url');
  readonly #endings: (() => void)[] = [];
  readonly #connections: Connections = new Connections(MAX_CONNECTIONS);
  #metrics: PrometheusMetrics | undefined;
  #opening: Promise<Server> | undefined;
  #address: string | undefined;

  constructor(options: DashboardOptions) {
    this.#options = options;
    const { host, status, tail } = options;
    this.#feed = new LiveFeed({ status, plans: () => planPictures(host) });
    this.#endings.push(
      host.watch((event) => this.#events.add(eventLine(event))),
      this.#events.listen((line) => this.#feed.tell('events', line)),
      tail.listen((line) => this.#feed.tell('log', line)),
    );
  }

  /** `http://127.0.0.1:PORT`; undefined while nothing listens. */
  get address(): string | undefined {
    return this.#address;
  }

  /** Lines that pages did not get because they read too slowly. */
  get lost(): number {
    return this.#feed.lost;
  }

  /** What waits in memory for pages that do not read, in bytes. */
  get unreadBytes(): number {
    return this.#feed.unreadBytes;
  }

  /** Listens, if it does not yet, and resolves to the link that lets its reader in. Rejects with CONFIG_INVALID. */
  async open(port = 0): Promise<string> {
    this.#opening ??= this.#listen(port);
    try {
      await this.#opening;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
    return `${this.#address}/?token=${this.#token}`;
  }

  async close(): Promise<void> {
    for (const end of this.#endings.splice(0)) end();
    this.#feed.close();
    const server = await this.#opening?.catch(() => undefined);
    this.#address = undefined;
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  async #listen(port: number): Promise<Server> {
    const { host, status } = this.#options;
    const { PrometheusMetrics } = await import('../metrics/prometheus.ts');
    this.#metrics ??= new PrometheusMetrics({ status, droppedConnections: () => this.#connections.dropped });
    const server = createServer({ requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS });
    server.on('connection', (socket) => this.#connections.accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) =>
        reject(new HostError('CONFIG_INVALID', `Cannot serve HTTP on 127.0.0.1:${port}: ${error.message}`, { cause: error })),
      );
      server.listen({ host: '127.0.0.1', port }, resolve);
    });
    const site = this.#site((server.address() as AddressInfo).port);
    server.on('request', (request, response) => {
      this.#connections.heard(request.socket, isLetIn(request, site.door));
      void answerRequest(site, request, response);
    });
    server.on('error', (error) => this.#options.log.error('HTTP failed', { reason: error.message }));
    this.#endings.push(host.watch(this.#metrics.watch));
    this.#address = `http://127.0.0.1:${site.door.port}`;
    return server;
  }

  #site(port: number): Site {
    const { host, status } = this.#options;
    return {
      door: { port, token: this.#token },
      isReady: () => status().state === 'serving',
      metrics: async () => ({ type: this.#metrics?.contentType ?? '', text: (await this.#metrics?.text()) ?? '' }),
      trace: (event) => host.trace(event),
      live: (response) => this.#goLive(response),
      act: (action, plugin) => this.#act(action, plugin),
    };
  }

  #goLive(response: ServerResponse): boolean {
    response.socket?.setNoDelay(true);
    this.#options.host.tellWatchers();
    return this.#feed.add(response, { events: this.#events.latest(), log: this.#options.tail.latest() });
  }

  async #act(action: string, plugin: string): Promise<string> {
    const { operator } = this.#options;
    switch (action) {
      case 'restart':
        await operator.restart(plugin);
        return `${plugin} was restarted`;
      case 'enable':
      case 'disable':
        return operator.setEnabled(plugin, action === 'enable');
      default:
        throw new HostError('PARAMS_INVALID', `Cannot do "${action.slice(0, 50)}": use restart, enable or disable`);
    }
  }
}

function eventLine({ event, hook, time, durationMs, status, by, calls }: FinishedEvent): EventLine {
  let failures = NO_FAILURES;
  let modified = 0;
  for (const call of calls) {
    if (call.status === 'modified') modified += 1;
    else if (call.code !== undefined && !failures.includes(call.code)) failures = [...failures, call.code];
  }
  const line = { event, hook, time, durationMs, status, calls: calls.length, failures, modified };
  return by === undefined ? line : { ...line, by };
}
