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
  notify(method: string, params: object): void;
}

/** A hook call in flight: the context its handler sees, and the host's side of its signal. */
export interface Call {
  readonly context: HandlerContext;
  cancel(reason: unknown): void;
  /** True when this error is how the handler obeyed its signal. */
  isAbort(error: unknown): boolean;
  end(): void;
}

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

/** Closures, not methods: a handler may take the context apart. */
export function makeCall(host: HostLink, plugin: PluginContext, params: Params): Call {
  const deadlineMs = isInvoke(params) ? params.deadlineMs : Number.POSITIVE_INFINITY;
  const { event, hook, context: eventContext } = params;
  const signal = makeSignal(deadlineMs);
  let log: HandlerContext['log'] | undefined;
  const context: HandlerContext = {
    event,
    hook,
    context: eventContext,
    config: plugin.config,
    state: params['state'],
    attempt: isInvoke(params) ? params.attempt : 1,
    outcome: params.outcome,
    deadlineMs,
    storage: plugin.storage,
    secret: plugin.secret,
    fetch: async (url, options = {}) =>
      fetchResponse((await ask(host, signal.get(), { method: 'net/fetch', params: fetchParams(url, options) })) as NetFetchResult),
    // The signal ends the waiting only: a person still thinks about the question.
    requestPermission: async (permissions, reason) =>
      (await unlessAborted(plugin.requestPermission(permissions, reason), signal.get())) as PermissionAnswer,
    call: (service, given = {}) => ask(host, signal.get(), { method: service, params: given }),
    get log() {
      log ??= makeLog(host, event);
      return log;
    },
    get signal() {
      return signal.get();
    },
    remainingMs: signal.remainingMs,
    progress(message, percentage) {
      if (signal.restart()) host.notify('$/progress', { event, message, percentage });
    },
    emit: async (name, payload) =>
      (await ask(host, signal.get(), { method: 'hook/emit', params: { hook: name, payload, event } })) as HookEmitResult,
  };
  return { context, cancel: signal.abort, isAbort: signal.isAbort, end: signal.end };
}

/** Asks the host on behalf of one call: when that is cancelled the host is told, and the handler does not wait for what may never come. */
function ask(host: HostLink, signal: AbortSignal, { method, params }: { method: string; params: object }): Promise<unknown> {
  if (signal.aborted) return Promise.reject(signal.reason);
  return unlessAborted(host.request(method, params, signal), signal);
}

function unlessAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
    result.finally(() => signal.removeEventListener('abort', giveUp)).then(resolve, reject);
  });
}

function isInvoke(params: Params): params is HookInvokeParams {
  return params['deadlineMs'] !== undefined;
}

/** The signal of one call. Controller and timer are made only when the handler looks at the signal. */
function makeSignal(deadlineMs: number) {
  let started = performance.now();
  let controller: AbortController | undefined;
  let reason: unknown;
  let ended = false;
  let timer: NodeJS.Timeout | undefined;
  const remainingMs = (): number => Math.max(0, deadlineMs - (performance.now() - started));
  const abort = (why: unknown): void => {
    reason ??= why;
    clearTimeout(timer);
    controller?.abort(reason);
  };
  const arm = (): void => {
    clearTimeout(timer);
    if (controller === undefined || ended || reason !== undefined || deadlineMs === Number.POSITIVE_INFINITY) return;
    timer = setTimeout(() => abort(new DOMException('The deadline of the call is over', 'TimeoutError')), remainingMs());
    timer.unref();
  };
  return {
    remainingMs,
    abort,
    get(): AbortSignal {
      if (controller === undefined) {
        controller = new AbortController();
        if (reason === undefined) arm();
        else controller.abort(reason);
      }
      return controller.signal;
    },
    restart(): boolean {
      started = performance.now();
      arm();
      return !ended;
    },
    isAbort: (error: unknown): boolean =>
      reason !== undefined && (error === reason || (error instanceof Error && error.name === 'AbortError')),
    end(): void {
      ended = true;
      clearTimeout(timer);
    },
  };
}

function makeLog(host: HostLink, event: string | undefined): PluginContext['log'] {
  const write =
    (level: LogParams['level']) =>
    (message: string, fields?: Record<string, unknown>): void =>
      host.notify('log', { level, message, event, fields });
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}
