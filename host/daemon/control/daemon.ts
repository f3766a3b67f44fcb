import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { DashboardResult, ReloadResult, StatusResult, StopResult } from '@outrigger/schemas';
import { within } from '../../process/terminate.ts';
import { errorText, HostError } from '../../protocol/errors.ts';
import type { Logger } from '../../protocol/types.ts';
import { HOST } from '../../supervisor/handshake.ts';
import { type Actor, APPLICATION, starter } from '../audit.ts';
import type { AnyHost } from '../clients/types.ts';
import type { LogTail } from '../http/log-tail.ts';
import type { ReloadOptions } from '../live/reloader.ts';
import { CallTimes } from '../metrics/call-times.ts';
import { Clients, type IsToken } from './clients.ts';
import { EndedEvents } from './ended-events.ts';
import { KeptFolder } from './kept-folder.ts';
import { type NetworkOptions, openNetwork } from './network.ts';
import { inheritedSocket, Notifier } from './notifier.ts';
import { assertSafeFolder, makeOwnFolder } from './own-folder.ts';
import type { DaemonPlace } from './place.ts';
import { hostStatus, type TrippedBreaker } from './status.ts';
import { type Control, DRAIN_MS, type OnReload, type Page } from './types.ts';
import { listening, listenOnSocket } from './unix-socket.ts';

export interface DaemonOptions {
  readonly host: AnyHost;
  /** Its lock must be held. */
  readonly place: DaemonPlace;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Logger;
  readonly configFiles: readonly string[];
  readonly onReload: OnReload;
  /** Breakers that are not closed. */
  readonly breakers?: () => readonly TrippedBreaker[];
  /** Default: the Unix socket alone. */
  readonly network?: NetworkOptions;
  /** The latest lines of the log, for those who ask for them. */
  readonly tail?: LogTail;
  /** The page for people; without one a client that asks for it is told so. */
  readonly dashboard?: Page;
  /** Where the page is from the start; default: it is opened when somebody asks for it. */
  readonly httpPort?: number;
  /** How long a stop waits for events in flight, in milliseconds. Default `DRAIN_MS`. */
  readonly drainMs?: number;
}

const KEEP_ALIVE_MS = 60_000;

/** A host that many clients share. It serves from `open()` until `stop()`; closing the host is left to whoever made it. */
export class Daemon implements Control {
  /** Settles when nobody is served any more and every client is gone. */
  readonly stopped: Promise<void>;
  readonly #options: DaemonOptions;
  readonly #clients: Clients;
  readonly #notifier: Notifier;
  readonly #servers: Server[] = [];
  readonly #addresses: string[] = [];
  readonly #times: CallTimes = new CallTimes();
  readonly events: EndedEvents;
  readonly #kept: KeptFolder | undefined;
  readonly #startedAt: Date = new Date();
  /** A clock that nobody sets. */
  readonly #began: number = performance.now();
  #working = 0;
  #whenIdle: () => void = () => {};
  #isStopping = false;
  #settle: () => void = () => {};
  #reloading: Promise<unknown> = Promise.resolve();

  /** Listens. Rejects with STORAGE_FAILED or CONFIG_INVALID, and then nothing is left behind. */
  static async open(options: DaemonOptions): Promise<Daemon> {
    const daemon = new Daemon(options);
    try {
      await daemon.#listen();
    } catch (error) {
      daemon.#stopListening();
      throw error;
    }
    options.host.audit({ action: 'start', by: starter() });
    options.log.info('daemon serves', { pid: process.pid, addresses: daemon.#addresses });
    await daemon.#notifier.ready(`Serving on ${daemon.#addresses.join(', ')}`);
    return daemon;
  }

  private constructor(options: DaemonOptions) {
    this.#options = options;
    const { host, log, env } = options;
    const unwatch = host.watch(this.#times.watch);
    this.events = new EndedEvents(host);
    const { journal } = host.stats();
    this.#kept = journal && new KeptFolder(journal.file, log);
    this.#clients = new Clients({ host, log, control: this });
    this.#notifier = new Notifier(env, log);
    this.stopped = new Promise((resolve) => {
      this.#settle = () => {
        unwatch();
        this.events.close();
        this.#kept?.close();
        resolve();
      };
    });
  }

  enter(method: string): () => void {
    if (this.#isStopping) throw new HostError('HOST_STOPPED', `Cannot answer "${method}": the daemon is stopping`);
    this.#working += 1;
    return () => {
      this.#working -= 1;
      if (this.#working === 0) this.#whenIdle();
    };
  }

  status(): StatusResult {
    const { host, configFiles, breakers, dashboard } = this.#options;
    return {
      pid: process.pid,
      version: HOST.version,
      state: this.#isStopping ? 'stopping' : 'serving',
      startedAt: this.#startedAt.toISOString(),
      uptimeMs: Math.round(performance.now() - this.#began),
      addresses: [...this.#addresses, ...(dashboard?.address === undefined ? [] : [dashboard.address])],
      clients: this.#clients.count,
      inFlight: this.#working,
      ...hostStatus({ host, configFiles, breakers: breakers?.() ?? [], times: this.#times, problem: this.#kept?.problem() }),
    };
  }

  stop(by: Actor = APPLICATION): StopResult {
    if (!this.#isStopping) {
      this.#options.host.audit({ action: 'stop', by });
      // After the answer to whoever asked for it.
      setImmediate(() => void this.#drain());
    }
    this.#isStopping = true;
    return { pid: process.pid, drainMs: this.#drainMs };
  }

  reload(options: ReloadOptions = {}): Promise<ReloadResult> {
    const result = this.#reloading.then(() => this.#reload(options));
    this.#reloading = result;
    return result;
  }

  async dashboard(by: Actor = APPLICATION): Promise<DashboardResult> {
    const { dashboard, host } = this.#options;
    if (dashboard === undefined) throw new HostError('METHOD_UNKNOWN', 'Cannot open the dashboard: this daemon has none');
    const url = await dashboard.open();
    host.audit({ action: 'dashboard', by });
    return { url };
  }

  get log(): LogTail | undefined {
    return this.#options.tail;
  }

  get #drainMs(): number {
    return this.#options.drainMs ?? DRAIN_MS;
  }

  async #listen(): Promise<void> {
    const { place, env, network, dashboard, httpPort } = this.#options;
    const inherited = inheritedSocket(env);
    const unix = this.#add(createServer(), undefined);
    if (inherited !== undefined) {
      await listening(unix, () => unix.listen({ fd: inherited }));
      this.#addresses.push(env['OUTRIGGER_SOCKET'] ? place.socket : 'the socket that was passed on');
    } else {
      await (place.isNamed ? assertSafeFolder(dirname(place.socket)) : makeOwnFolder(dirname(place.socket)));
      await listenOnSocket(unix, place.socket);
      this.#addresses.push(place.socket);
    }
    if (network !== undefined) await this.#listenOnNetwork(network);
    if (httpPort !== undefined) await dashboard?.open(httpPort);
  }

  async #listenOnNetwork(network: NetworkOptions): Promise<void> {
    const { server, isToken } = await openNetwork(network);
    server.on('tlsClientError', (error) => this.#options.log.debug('a client failed its TLS handshake', { reason: error.message }));
    this.#add(server, isToken);
    const { host, port } = network;
    try {
      await listening(server, () => server.listen({ host, port }));
    } catch (error) {
      throw new HostError('CONFIG_INVALID', `Cannot listen on "${host}:${port}": ${(error as Error).message}`, { cause: error });
    }
    const address = server.address();
    const bound = typeof address === 'object' && address !== null ? address.port : port;
    this.#addresses.push(host.includes(':') ? `[${host}]:${bound}` : `${host}:${bound}`);
  }

  #add(server: Server, isToken: IsToken): Server {
    server.on(isToken === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
      // A machine that is gone without a word is noticed in the end.
      if (isToken !== undefined) socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS);
      this.#clients.accept(socket, isToken);
    });
    server.on('error', (error) => this.#options.log.error('cannot take a client', { reason: error.message }));
    this.#servers.push(server);
    return server;
  }

  async #drain(): Promise<void> {
    const { log } = this.#options;
    log.info('daemon stops', { inFlight: this.#working, clients: this.#clients.count });
    const told = this.#notifier.stopping();
    this.#stopListening();
    await within(this.#idle(), this.#drainMs);
    if (this.#working > 0) log.warn('daemon stops with events in flight', { inFlight: this.#working });
    // The last answers are written in this turn of the loop.
    await new Promise(setImmediate);
    await this.#clients.close();
    await told;
    await this.#notifier.close();
    this.#settle();
  }

  #idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenIdle = resolve;
      if (this.#working === 0) resolve();
    });
  }

  /** Takes no more clients; those there are stay. Node removes the socket that it made, and at once: nobody else's can be hit. */
  #stopListening(): void {
    for (const server of this.#servers) if (server.listening) server.close();
  }

  async #reload(options: ReloadOptions): Promise<ReloadResult> {
    const { log } = this.#options;
    await this.#notifier.reloading();
    const result = await this.#attempt(options);
    await this.#notifier.ready(result.applied ? 'Serving, configuration read again' : 'Serving, the new configuration was refused');
    if (result.applied) log.info('configuration applied', { problems: result.problems.length });
    else log.warn('configuration not applied', { reason: result.reason });
    return result;
  }

  async #attempt(options: ReloadOptions): Promise<ReloadResult> {
    if (this.#isStopping) return { applied: false, reason: 'Cannot reload the configuration: the daemon is stopping', problems: [] };
    try {
      return await this.#options.onReload(options);
    } catch (error) {
      return { applied: false, reason: errorText(error), problems: [] };
    }
  }
}
