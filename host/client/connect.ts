import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { EmitResult, HelloResult, HookMap, HooksListResult, SessionOpenResult, Trace, TraceGetResult } from '@outrigger/schemas';
import { daemonPlace } from '../daemon/control/place.ts';
import { didYouMean } from '../protocol/did-you-mean.ts';
import { HostError } from '../protocol/errors.ts';
import { followTraces } from './follow-traces.ts';
import { openWire, PROTOCOL } from './open-wire.ts';
import type {
  Client,
  ClientEmitOptions,
  ClientOperation,
  ClientOutcome,
  ClientScope,
  ClientSession,
  ConnectOptions,
  FollowOptions,
} from './types.ts';
import type { Wire } from './wire.ts';

const OPTIONS: Readonly<Record<keyof ConnectOptions, true>> = {
  path: true,
  name: true,
  version: true,
  token: true,
  catalogs: true,
  reconnectMs: true,
  silenceMs: true,
  onState: true,
};
const MAX_TIMER_MS = 2 ** 31 - 1;
const RECONNECT_MS = [100, 200, 400, 800, 1600, 3200, 5000];

type AnyPayload = Record<string, unknown>;

/** Connects to a running daemon. Rejects with HOST_STOPPED when there is none, with CONFIG_INVALID for an option there is not, or with what the daemon says to `hello`. */
export async function connect<M = HookMap>(options: ConnectOptions = {}): Promise<Client<M>> {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(OPTIONS, name));
  if (unknown !== undefined) {
    const guess = didYouMean(unknown, Object.keys(OPTIONS));
    throw new HostError('CONFIG_INVALID', `Cannot connect: there is no option "${unknown}"${guess}`);
  }
  const { silenceMs } = options;
  // A timer fires at once when it is to wait longer than it can.
  if (silenceMs !== undefined && silenceMs !== Number.POSITIVE_INFINITY && !(silenceMs > 0 && silenceMs <= MAX_TIMER_MS))
    throw new HostError(
      'CONFIG_INVALID',
      `Cannot connect: silenceMs is ${silenceMs}; use a number of milliseconds up to ${MAX_TIMER_MS}, or Infinity`,
    );
  const client = new DaemonClient(options);
  await client.open();
  return client as unknown as Client<M>;
}

/** A scope of the host as a client has it. What it hears is told by the host, so that `has` asks nobody. */
class Scope implements ClientScope<Record<string, { payload: AnyPayload }>> {
  heard: ReadonlySet<string> = new Set();
  readonly wire: () => Wire;
  readonly sessionId: string | undefined;

  constructor(wire: () => Wire, session?: string) {
    this.wire = wire;
    this.sessionId = session;
  }

  has(hook: string): boolean {
    return this.heard.has(hook);
  }

  emit(hook: string, payload: AnyPayload | (() => AnyPayload), options: ClientEmitOptions = {}): Promise<ClientOutcome> {
    return this.fire(hook, payload, options);
  }

  async fire(
    hook: string,
    given: AnyPayload | (() => AnyPayload),
    { signal, traceparent, trace }: ClientEmitOptions,
    operation?: string,
  ): Promise<ClientOutcome> {
    if (!this.has(hook) && typeof given === 'function') return { event: '', status: 'continued', payload: {} };
    const payload = typeof given === 'function' ? given() : given;
    if (!this.has(hook)) return { event: '', status: 'continued', payload };
    const params = { hook, payload, session: this.sessionId, operation, traceparent, trace };
    const result = await this.wire().request<EmitResult>('emit', params, signal);
    // Nobody else has it: it was parsed for this.
    result.payload ??= payload;
    return result as unknown as ClientOutcome;
  }

  operation(id: string = `o${randomBytes(9).toString('base64url')}`): ClientOperation<Record<string, { payload: AnyPayload }>> {
    const end = () => unlessGone(async () => this.wire().request('operation/end', { operation: id, session: this.sessionId }));
    const emit = (hook: string, payload: AnyPayload | (() => AnyPayload), options: ClientEmitOptions = {}) =>
      this.fire(hook, payload, options, id);
    return { id, emit: emit as never, end, [Symbol.asyncDispose]: end };
  }
}

class DaemonClient extends Scope {
  problems: readonly string[] = [];
  readonly #options: ConnectOptions;
  readonly #sessions: Map<string, Scope> = new Map();
  #wire: Wire | undefined;
  readonly #closing = new AbortController();

  constructor(options: ConnectOptions) {
    super(() => this.#open());
    this.#options = options;
  }

  async open(): Promise<void> {
    const { name, version, token, catalogs, silenceMs } = this.#options;
    const path = this.#options.path ?? (await daemonPlace({ config: undefined, cwd: process.cwd(), env: process.env })).socket;
    const opened = await openWire(path, {
      silenceMs,
      onNotification: (method, params) => this.#onNotification(method, params),
      onEnd: (wire) => this.#onEnd(wire),
    });
    if ('reason' in opened)
      throw new HostError('HOST_STOPPED', `Cannot connect to a daemon at "${path}": ${opened.reason}; start one: outrigger start`);
    const { wire } = opened;
    const greeting = wire.request<HelloResult>('hello', { protocol: PROTOCOL, name, version, pid: process.pid, token, catalogs });
    const hello = await greeting.catch((error) => {
      wire.end('the daemon refused it');
      throw error;
    });
    // Closed meanwhile, while it connected again.
    if (this.#closing.signal.aborted) return wire.end('the client was closed');
    this.#wire = wire;
    this.heard = new Set(hello.heard);
    this.problems = hello.problems;
    this.#options.onState?.('connected');
  }

  async session({ id, plugins }: { id?: string; plugins?: readonly string[] } = {}): Promise<unknown> {
    const wire = this.#open();
    const opened = await wire.request<SessionOpenResult>('session/open', { id, plugins });
    const scope = new Scope(() => this.#same(wire, opened.id), opened.id);
    scope.heard = new Set(opened.heard);
    this.#sessions.set(opened.id, scope);
    const close = async (): Promise<void> => {
      if (!this.#sessions.delete(opened.id)) return;
      await unlessGone(() => wire.request('session/close', { session: opened.id }));
    };
    return Object.assign(scope, { id: opened.id, close, [Symbol.asyncDispose]: close }) as unknown as ClientSession;
  }

  async hooks(): Promise<HooksListResult['hooks']> {
    return (await this.#open().request<HooksListResult>('hooks/list', {})).hooks;
  }

  async trace(event: string): Promise<Trace | undefined> {
    return (await this.#open().request<TraceGetResult>('trace/get', { event })).trace as unknown as Trace | undefined;
  }

  traces(options: FollowOptions = {}): AsyncIterable<Trace> {
    return followTraces(this.#open(), options);
  }

  close(): Promise<void> {
    if (!this.#closing.signal.aborted) {
      this.#closing.abort();
      this.#wire?.end('the client was closed');
      this.#options.onState?.('closed');
    }
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #open(): Wire {
    if (this.#wire !== undefined) return this.#wire;
    const why = this.#closing.signal.aborted ? 'the client was closed' : 'the connection is lost';
    throw new HostError('HOST_STOPPED', `Cannot ask the daemon: ${why}`);
  }

  /** A session ends with its connection: a new connection knows nothing of it. */
  #same(wire: Wire, session: string): Wire {
    if (this.#wire === wire) return wire;
    throw new HostError('SCOPE_CLOSED', `Cannot use session "${session}": its connection was lost; open it again`);
  }

  #onNotification(method: string, params: unknown): void {
    if (method !== 'heard/changed') return;
    const { session, heard } = params as { session?: string; heard: readonly string[] };
    const scope = session === undefined ? this : this.#sessions.get(session);
    if (scope !== undefined) scope.heard = new Set(heard);
  }

  #onEnd(wire: Wire): void {
    if (this.#wire !== wire) return;
    this.#wire = undefined;
    this.#sessions.clear();
    if (this.#closing.signal.aborted) return;
    this.#options.onState?.('lost');
    void this.#reconnect();
  }

  async #reconnect(): Promise<void> {
    const waits = this.#options.reconnectMs ?? RECONNECT_MS;
    const { signal } = this.#closing;
    for (let attempt = 0; waits.length > 0 && !signal.aborted; attempt++) {
      // It keeps no process alive that has nothing else to do.
      await wait(waits[Math.min(attempt, waits.length - 1)], undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted) return;
      try {
        await this.open();
        return;
      } catch {
        // Not there yet.
      }
    }
  }
}

/** Ends what the daemon keeps; when the connection is gone it is over there too. */
async function unlessGone(end: () => Promise<unknown>): Promise<void> {
  try {
    await end();
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code !== 'HOST_STOPPED' && code !== 'SCOPE_CLOSED') throw error;
  }
}
