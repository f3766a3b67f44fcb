import type {
  CancelParams,
  ConfigChangedParams,
  HookInvokeParams,
  HookNotifyParams,
  InitializeParams,
  InitializeResult,
  NetDeniedParams,
} from '@outrigger/schemas';
import { Call, makePluginContext } from './context.ts';
import { isObject, messageOf, Peer, type RequestId, WireError } from './peer.ts';
import type { Plugin, PluginContext } from './types.ts';

const PROTOCOL = 1;
const DEFAULT_MAX_BYTES = 10 * 1024 * 1024;
const LONGEST_MESSAGE = 4000;
const LONGEST_STACK = 16_384;

/** The plugin behind a wire of texts: a process has one on its stdio, a test one in memory. */
export class PluginRuntime {
  readonly peer: Peer;
  /** Called for the notification `exit`. */
  onExit: () => void = () => {};
  readonly #plugin: Plugin;
  readonly #calls = new Map<RequestId, Call>();
  readonly #running = new Set<Promise<unknown>>();
  #context: PluginContext;
  #initialized = false;
  #stopping = false;
  #closed: Promise<void> | undefined;

  constructor(plugin: Plugin, send: (text: string) => void) {
    this.#plugin = plugin;
    this.peer = new Peer(
      {
        request: (method, params, id) => this.#request(method, params, id),
        notification: (method, params) => this.#notification(method, params),
      },
      send,
      DEFAULT_MAX_BYTES,
    );
    this.#context = makePluginContext(this.peer, {});
  }

  /** Aborts what is in flight and runs the plugin's `shutdown`, once. Never rejects. */
  close(): Promise<void> {
    this.#stopping = true;
    for (const call of this.#calls.values()) call.cancel(new DOMException('The host is gone', 'AbortError'));
    this.#closed ??= this.#guarded('shutdown', () => this.#plugin.shutdown?.());
    return this.#closed;
  }

  /** Resolves when no handler runs. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  logError(message: string, error: unknown, event?: string): void {
    const stack = (error instanceof Error ? (error.stack ?? error.message) : String(error)).slice(0, LONGEST_STACK);
    const text = `${message}: ${messageOf(error)}`.slice(0, LONGEST_MESSAGE);
    this.peer.notify('log', { level: 'error', message: text, event, fields: { stack } });
  }

  #request(method: string, params: unknown, id: RequestId): unknown {
    switch (method) {
      case 'hook/invoke':
        return this.#invoke(paramsOf<HookInvokeParams>(method, params), id);
      case 'initialize':
        return this.#initialize(paramsOf<InitializeParams>(method, params));
      case 'ping':
        return {};
      case 'shutdown':
        return this.#shutdown();
      default:
        throw new WireError('METHOD_UNKNOWN', -32601, `Cannot handle "${method}": this plugin has no such method`);
    }
  }

  #notification(method: string, params: unknown): void {
    if (method === 'exit') this.onExit();
    else if (method === 'hook/notify' && isObject(params)) this.#notify(params as HookNotifyParams);
    else if (method === '$/cancelRequest' && isObject(params)) this.#cancel((params as CancelParams).id);
    else if (method === 'config/changed' && isObject(params)) this.#configChanged((params as ConfigChangedParams).config);
    else if (method === 'net/denied' && isObject(params)) this.#netDenied(params as NetDeniedParams);
  }

  async #initialize(params: InitializeParams): Promise<InitializeResult> {
    if (this.#initialized) throw new WireError('REQUEST_INVALID', -32600, 'Cannot initialize: it was done already');
    const protocols = params.protocols ?? [PROTOCOL];
    if (!protocols.includes(PROTOCOL)) {
      const tooOld = Math.min(...protocols) > PROTOCOL ? 'plugin’s SDK' : 'host';
      const message = `Cannot initialize: the host speaks protocol ${protocols.join(', ')}, this SDK ${PROTOCOL}; the ${tooOld} is too old`;
      throw new WireError('PROTOCOL_UNSUPPORTED', -32002, message);
    }
    this.#initialized = true;
    this.peer.maxBytes = params.limits?.maxMessageBytes ?? DEFAULT_MAX_BYTES;
    this.#context = makePluginContext(this.peer, params.config ?? {});
    this.#warnOfMissing(params.hooks ?? []);
    let verdict: { disable: string } | void;
    try {
      verdict = await this.#plugin.setup?.(this.#context);
    } catch (error) {
      this.logError('setup failed', error);
      throw error;
    }
    return verdict ? { protocol: PROTOCOL, disable: verdict.disable } : { protocol: PROTOCOL };
  }

  /** A name that is misspelt in the manifest or here would otherwise pass as "go on". */
  #warnOfMissing(asked: readonly string[]): void {
    const missing = asked.filter((hook) => this.#plugin.hooks[hook] === undefined);
    if (missing.length === 0) return;
    const handled = Object.keys(this.#plugin.hooks).join(', ') || 'none';
    this.#context.log.warn(`no handler for ${missing.join(', ')}, which the manifest subscribes to; there are handlers for: ${handled}`);
  }

  #invoke(params: HookInvokeParams, id: RequestId): unknown {
    if (this.#stopping) throw new WireError('PLUGIN_STOPPED', -32010, `Cannot handle "${params.hook}": the plugin is stopping`);
    const call = new Call(this.peer, this.#context, params);
    this.#calls.set(id, call);
    try {
      const result = this.#handle(params, call);
      if (isThenable(result)) return this.#track(this.#settled(params, id, call, result));
      this.#ended(id, call);
      return checkAnswer(params.hook, result);
    } catch (error) {
      this.#ended(id, call);
      throw this.#failed(params, call, error);
    }
  }

  async #settled(params: HookInvokeParams, id: RequestId, call: Call, result: PromiseLike<unknown>): Promise<unknown> {
    try {
      return checkAnswer(params.hook, await result);
    } catch (error) {
      throw this.#failed(params, call, error);
    } finally {
      this.#ended(id, call);
    }
  }

  #notify(params: HookNotifyParams): void {
    if (this.#stopping) return;
    const call = new Call(this.peer, this.#context, params);
    const run = async () => {
      try {
        await this.#handle(params, call);
      } catch (error) {
        this.#failed(params, call, error);
      } finally {
        call.end();
      }
    };
    void this.#track(run());
  }

  #handle(params: HookInvokeParams | HookNotifyParams, call: Call): unknown {
    return this.#plugin.hooks[params.hook]?.(params.payload, call.context);
  }

  #ended(id: RequestId, call: Call): void {
    call.end();
    this.#calls.delete(id);
  }

  /** The error to answer with; logged unless the handler only obeyed a cancellation. */
  #failed(params: HookInvokeParams | HookNotifyParams, call: Call, error: unknown): unknown {
    if (call.isAbort(error)) return new WireError('EVENT_CANCELLED', -32800, 'The call was cancelled');
    this.logError(`handler of ${params.hook} failed`, error, params.event);
    return error;
  }

  #cancel(id: RequestId): void {
    this.#calls.get(id)?.cancel(new DOMException('The host cancelled the call', 'AbortError'));
  }

  #configChanged(config: Record<string, unknown>): void {
    this.#context = makePluginContext(this.peer, config);
    void this.#track(this.#guarded('configChanged', () => this.#plugin.configChanged?.(config)));
  }

  #netDenied(denial: NetDeniedParams): void {
    void this.#track(this.#guarded('netDenied', () => this.#plugin.netDenied?.(denial, this.#context)));
  }

  async #shutdown(): Promise<object> {
    this.#stopping = true;
    await this.idle();
    await this.close();
    return {};
  }

  async #guarded(what: string, run: () => unknown): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.logError(`${what} failed`, error);
    }
  }

  #track<T>(running: Promise<T>): Promise<T> {
    this.#running.add(running);
    const forget = () => void this.#running.delete(running);
    running.then(forget, forget);
    return running;
  }
}

function paramsOf<T>(method: string, params: unknown): T {
  if (isObject(params)) return params as T;
  throw new WireError('PARAMS_INVALID', -32602, `Cannot handle "${method}": its parameters must be an object`);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

function checkAnswer(hook: string, answer: unknown): unknown {
  if (answer === undefined || answer === null || isObject(answer)) return answer;
  throw new TypeError(`Cannot answer "${hook}" with ${typeof answer}: a handler returns block(), modify(), replace(), or nothing`);
}
