import type {
  HookEmitResult,
  HookInvokeParams,
  HookNotifyParams,
  LogParams,
  NetFetchResult,
  StorageGetResult,
  StorageListResult,
} from '@outrigger/schemas';
import { fetchParams, fetchResponse } from './fetch.ts';
import type { HandlerContext, PermissionAnswer, PluginContext } from './types.ts';

/** What of the wire a context needs. */
export interface HostLink {
  request(method: string, params: object, signal?: AbortSignal): Promise<unknown>;
  /** False when it is too large to be sent. */
  notify(method: string, params: object): boolean;
}

/** Longest text of a progress, of a log record that is too large as it is, and of a value in one that is no JSON. */
const LONGEST_TEXT = 2000;

type Params = HookInvokeParams | HookNotifyParams;

export function makePluginContext(host: HostLink, config: Record<string, unknown>): PluginContext {
  return {
    config,
    log: makeLog(host, undefined),
    storage: {
      get: async (key) => ((await host.request('storage/get', { key })) as StorageGetResult).value ?? undefined,
      set: async (key, value) => void (await host.request('storage/set', { key, value })),
      delete: async (key) => void (await host.request('storage/delete', { key })),
      list: async (prefix) => ((await host.request('storage/list', prefix === undefined ? {} : { prefix })) as StorageListResult).keys,
    },
    secret: async (name) => ((await host.request('secret/get', { name })) as { value: string }).value,
    fetch: async (url, options = {}) => fetchResponse((await host.request('net/fetch', fetchParams(url, options))) as NetFetchResult),
    requestPermission: async (permissions, reason) =>
      (await host.request('permission/request', { permissions, reason })) as PermissionAnswer,
    call: (service, params = {}) => host.request(service, params),
  };
}

/** A hook call in flight: the context its handler sees, and the host's side of its signal. */
export class Call {
  readonly host: HostLink;
  readonly plugin: PluginContext;
  readonly context: HandlerContext;
  readonly #event: string;
  readonly #deadlineMs: number;
  #started: number = clock();
  /** Made only when the handler looks at the signal, and the timer with it. */
  #controller: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;
  #reason: unknown;
  #ended = false;
  #log: PluginContext['log'] | undefined;

  constructor(host: HostLink, plugin: PluginContext, params: Params) {
    this.host = host;
    this.plugin = plugin;
    this.#event = params.event;
    this.#deadlineMs = isInvoke(params) ? params.deadlineMs : Number.POSITIVE_INFINITY;
    this.context = new CallContext(this, params, this.#deadlineMs);
  }

  get log(): PluginContext['log'] {
    this.#log ??= makeLog(this.host, this.#event);
    return this.#log;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason === undefined) this.#arm();
      else this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  remainingMs(): number {
    return Math.max(0, this.#deadlineMs - (clock() - this.#started));
  }

  /** Asks the host on behalf of this call: when that is cancelled the host is told, and the handler does not wait for what may never come. */
  ask(method: string, params: object): Promise<unknown> {
    const { signal } = this;
    if (signal.aborted) return Promise.reject(signal.reason);
    return unlessAborted(this.host.request(method, params, signal), signal);
  }

  progress(message: string | undefined, percentage: number | undefined): void {
    this.#started = clock();
    this.#arm();
    if (this.#ended) return;
    const text = message === undefined ? undefined : String(message).slice(0, LONGEST_TEXT);
    this.host.notify('$/progress', { event: this.#event, message: text, percentage: asPercentage(percentage) });
  }

  cancel(reason: unknown): void {
    this.#reason ??= reason;
    clearTimeout(this.#timer);
    this.#controller?.abort(this.#reason);
  }

  /** True when this error is how the handler obeyed its signal. */
  isAbort(error: unknown): boolean {
    return this.#reason !== undefined && (error === this.#reason || (error instanceof Error && error.name === 'AbortError'));
  }

  end(): void {
    this.#ended = true;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const isArmed = this.#controller !== undefined && !this.#ended && this.#reason === undefined;
    if (!isArmed || this.#deadlineMs === Number.POSITIVE_INFINITY) return;
    const late = (): void => this.cancel(new DOMException('The deadline of the call is over', 'TimeoutError'));
    this.#timer = setTimeout(late, this.remainingMs());
    this.#timer.unref();
  }
}

/**
 * One is made for every event, so it must cost little: only values are its own, the rest is made when it is asked for. Functions come
 * out of getters, not as methods: a handler may take the context apart.
 */
class CallContext implements HandlerContext {
  readonly event: string;
  readonly hook: string;
  readonly context: HandlerContext['context'];
  readonly config: Record<string, unknown>;
  readonly state: unknown;
  readonly attempt: number;
  readonly outcome: HandlerContext['outcome'];
  readonly deadlineMs: number;
  readonly #call: Call;

  constructor(call: Call, params: Params, deadlineMs: number) {
    this.event = params.event;
    this.hook = params.hook;
    this.context = params.context;
    this.config = call.plugin.config;
    this.state = params['state'];
    this.attempt = isInvoke(params) ? params.attempt : 1;
    this.outcome = params.outcome;
    this.deadlineMs = deadlineMs;
    this.#call = call;
  }

  get log(): HandlerContext['log'] {
    return this.#call.log;
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }

  get storage(): HandlerContext['storage'] {
    return this.#call.plugin.storage;
  }

  get secret(): HandlerContext['secret'] {
    return this.#call.plugin.secret;
  }

  get fetch(): HandlerContext['fetch'] {
    const call = this.#call;
    return async (url, options = {}) => fetchResponse((await call.ask('net/fetch', fetchParams(url, options))) as NetFetchResult);
  }

  /** The signal ends the waiting only: a person still thinks about the question. */
  get requestPermission(): HandlerContext['requestPermission'] {
    const call = this.#call;
    return (permissions, reason) => unlessAborted(call.plugin.requestPermission(permissions, reason), call.signal);
  }

  get call(): HandlerContext['call'] {
    const call = this.#call;
    return (service, given = {}) => call.ask(service, given);
  }

  get remainingMs(): HandlerContext['remainingMs'] {
    const call = this.#call;
    return () => call.remainingMs();
  }

  get progress(): HandlerContext['progress'] {
    const call = this.#call;
    return (message, percentage) => call.progress(message, percentage);
  }

  get emit(): HandlerContext['emit'] {
    const call = this.#call;
    return async (hook, payload) => (await call.ask('hook/emit', { hook, payload, event: call.context.event })) as HookEmitResult;
  }
}

function unlessAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
    result.finally(() => signal.removeEventListener('abort', giveUp)).then(resolve, reject);
  });
}

/** Milliseconds that never go back. `performance` has them too, but is loaded when it is first used: 0.7 ms of the first event. */
function clock(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

function isInvoke(params: Params): params is HookInvokeParams {
  return params['deadlineMs'] !== undefined;
}

function asPercentage(value: number | undefined): number | undefined {
  return value === undefined || Number.isNaN(value) ? undefined : Math.min(100, Math.max(0, value));
}

function makeLog(host: HostLink, event: string | undefined): PluginContext['log'] {
  const write =
    (level: LogParams['level']) =>
    (message: string, fields?: Record<string, unknown>): void =>
      writeRecord(host, { level, message: String(message), event, fields });
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

type LogRecord = { level: LogParams['level']; message: string; event: string | undefined; fields: Record<string, unknown> | undefined };

/** Whatever the fields hold: a handler must not fail because of its log. */
function writeRecord(host: HostLink, record: LogRecord): void {
  let isSent: boolean;
  try {
    isSent = host.notify('log', record);
  } catch {
    // A value that is no JSON, or refuses to become it.
    isSent = host.notify('log', { ...record, fields: asTexts(record.fields ?? {}) });
  }
  if (isSent) return;
  host.notify('log', { ...record, message: record.message.slice(0, LONGEST_TEXT), fields: { dropped: 'the record was too large' } });
}

function asTexts(fields: Record<string, unknown>): Record<string, string> {
  const { inspect } = process.getBuiltinModule('node:util');
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, inspect(value).slice(0, LONGEST_TEXT)]));
}
