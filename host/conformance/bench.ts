import { methods } from '@outrigger/schemas';
import { CheckFailure, must, NotClaimed } from './check-failure.ts';
import { PROBE_HOOK } from './probe-catalog.ts';
import type { Json, Level, Target, TargetHook } from './types.ts';
import { START_MS, WireClient } from './wire-client.ts';

/** One requirement, checked against the processes of a bench. Throws CheckFailure or NotClaimed. */
export interface Check {
  readonly id: string;
  run(bench: Bench): Promise<void>;
}

const LIMITS = { maxMessageBytes: 10_485_760, concurrency: 64 };

/** Where a plugin is tried: starts its processes, keeps what they said, ends them. */
export class Bench {
  readonly target: Target;
  /** Every process there was, for what is judged over the whole run. */
  readonly clients: WireClient[] = [];
  /** Up to where the plugin is judged. */
  level: Level = 0;
  /** The process a failure is about, where it is not the last one. */
  blamed: WireClient | undefined;
  /** Why the plugin would not serve here, as it said in its first handshake. */
  declined: string | undefined;
  #shared: WireClient | undefined;
  #events = 0;

  constructor(target: Target) {
    this.target = target;
  }

  /** The process whose messages explain a failure. */
  get current(): WireClient | undefined {
    return this.blamed ?? this.clients.at(-1);
  }

  /** Whether the plugin does what the payload of the kit's own hook point asks for. */
  get isProbe(): boolean {
    return this.target.hooks.some(({ name }) => name === PROBE_HOOK);
  }

  /** Hook points whose answers count. */
  get asked(): readonly TargetHook[] {
    return this.target.hooks.filter(({ mode }) => mode !== 'fire_and_forget' && mode !== 'disabled');
  }

  /** A process nothing was said to. */
  start(): WireClient {
    const client = new WireClient(this.target);
    this.clients.push(client);
    return client;
  }

  /** A process of its own, ready for calls. */
  async fresh(): Promise<WireClient> {
    if (this.declined !== undefined) throw new NotClaimed(`it declined: ${this.declined}`);
    const client = this.start();
    const answer = await client.request('initialize', this.initializeParams(), { withinMs: START_MS });
    must(answer['error'] === undefined, `"initialize" was answered with an error: ${JSON.stringify(answer['error'])}`);
    const { disable } = (answer['result'] ?? {}) as Json;
    if (typeof disable === 'string') throw new CheckFailure(`it declined, though it had served before: ${disable}`);
    return client;
  }

  /** The process of this group of checks; a new one when the last has ended. */
  async shared(): Promise<WireClient> {
    if (this.#shared === undefined || this.#shared.exit !== undefined) this.#shared = await this.fresh();
    return this.#shared;
  }

  /** Ends every process; the next group begins with its own. */
  async clear(): Promise<void> {
    this.#shared = undefined;
    await Promise.all(this.clients.map((client) => client.kill()));
  }

  initializeParams(config: Json = this.target.config): Json {
    return {
      protocol: methods.protocol,
      protocols: [methods.protocol],
      host: { name: 'outrigger-test', version: '0' },
      plugin: { name: this.target.name, version: this.target.version },
      config,
      hooks: this.target.hooks.map(({ name }) => name),
      limits: { ...LIMITS, concurrency: this.target.concurrency },
    };
  }

  /** Parameters of one hook call. */
  callParams(hook: string, payload: unknown, more: Json = {}): Json {
    this.#events += 1;
    const event = `e${String(this.#events).padStart(19, '0')}`;
    const context = { time: new Date().toISOString(), operation: `op-${this.#events}`, depth: 0 };
    return { event, hook, context, payload, deadlineMs: 5000, attempt: 1, ...more };
  }

  /** A hook call as a message, with the id to wait for. */
  call(client: WireClient, hook: string, payload: unknown): { readonly id: number; readonly event: string; readonly message: Json } {
    const params = this.callParams(hook, payload);
    const id = client.nextId();
    return { id, event: String(params['event']), message: { jsonrpc: '2.0', id, method: 'hook/invoke', params } };
  }

  invoke(client: WireClient, hook: string, payload: unknown): Promise<Json> {
    return client.request('hook/invoke', this.callParams(hook, payload));
  }

  /** A call the plugin takes a while for, when it is a probe; any call else. */
  slowCall(client: WireClient, ms: number): ReturnType<Bench['call']> {
    if (this.isProbe) return this.call(client, PROBE_HOOK, { do: 'wait', ms });
    const [hook] = this.asked;
    return this.call(client, hook?.name ?? 'conformance.unknown', hook?.payloads[0] ?? {});
  }
}
