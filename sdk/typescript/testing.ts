import type {
  HookInvokeParams,
  NetFetchParams,
  NetFetchResult,
  OutcomeSummary,
  Permissions,
  Violation,
  Answer as WireAnswer,
} from '@outrigger/schemas';
import type { NetDenial } from './fetch.ts';
import { isObject, Peer, WireError } from './peer.ts';
import { PluginRuntime } from './runtime.ts';
import type { PermissionAnswer, Plugin } from './types.ts';

/** How the test stands in for the host. */
export interface TestOptions {
  config?: Record<string, unknown>;
  /** Secrets by name, or a function that finds them. */
  secret?: (name: string) => string | undefined;
  /** What the host fetches for the plugin. */
  fetch?: (request: NetFetchParams) => Partial<NetFetchResult> | Promise<Partial<NetFetchResult>>;
  /** What the operator says to a request for permissions. Default: no. */
  permission?: (permissions: Permissions, reason?: string) => boolean | PermissionAnswer;
  /** Services of the application by name. */
  services?: Record<string, (params: Record<string, unknown>) => unknown>;
  /** What becomes of events the plugin fires. Default: they are continued unchanged. */
  emit?: (
    hook: string,
    payload: Record<string, unknown>,
  ) => { status: 'continued' | 'blocked' | 'replaced'; violation?: Violation; value?: unknown };
}

export interface CallOptions {
  state?: unknown;
  operation?: string;
  session?: string;
  deadlineMs?: number;
  attempt?: number;
  /** Calls the plugin as in mode `fire_and_forget`. */
  outcome?: OutcomeSummary;
  /** Aborting it cancels the call as the host would. */
  signal?: AbortSignal;
}

/** A plugin in memory. Every value crosses as JSON, as it would on the wire. */
export interface TestPlugin {
  /** The plugin's answer; rejects as the host would see it fail. With `outcome`: `undefined`, once the handler is done. */
  call(hook: string, payload: object, options?: CallOptions): Promise<WireAnswer | undefined>;
  changeConfig(config: Record<string, unknown>): Promise<void>;
  /** Tells the plugin that a connection of its own was refused. */
  denyNet(denial: NetDenial): Promise<void>;
  /** Waits for what is in flight and runs the plugin's `shutdown`. */
  shutdown(): Promise<void>;
  readonly logs: { level: string; message: string; event?: string; fields?: Record<string, unknown> }[];
  readonly progress: { event: string; message?: string; percentage?: number }[];
  readonly storage: Map<string, unknown>;
  readonly emitted: { hook: string; payload: Record<string, unknown> }[];
}

/**
 * Starts a plugin in memory: no process, no pipes. Rejects when its `setup` fails or declines.
 *
 * @example
 * const t = await testPlugin(plugin, { config: { commands: ['git push --force*'] } });
 * expect(await t.call('conda.pre_command', { command: 'rm', args: ['-rf', '/'] })).toMatchObject({ action: 'block' });
 */
export async function testPlugin(plugin: Plugin, options: TestOptions = {}): Promise<TestPlugin> {
  const logs: TestPlugin['logs'] = [];
  const progress: TestPlugin['progress'] = [];
  const emitted: TestPlugin['emitted'] = [];
  const storage = new Map<string, unknown>();
  let events = 0;

  const emit = (params: Record<string, unknown>): object => {
    const hook = String(params['hook']);
    const payload = params['payload'] as Record<string, unknown>;
    emitted.push({ hook, payload });
    return { event: `emitted-${emitted.length}`, payload, ...(options.emit?.(hook, payload) ?? { status: 'continued' }) };
  };
  const host = new Peer(
    {
      request: (method, params) => answerRequest(method, isObject(params) ? params : {}),
      notification(method, params) {
        if (method === 'log') logs.push(params as TestPlugin['logs'][number]);
        if (method === '$/progress') progress.push(params as TestPlugin['progress'][number]);
      },
    },
    (text) => runtime.peer.receive(text),
    Number.POSITIVE_INFINITY,
  );
  const runtime = new PluginRuntime(plugin, (text) => host.receive(text));

  function answerRequest(method: string, params: Record<string, unknown>): unknown {
    const service = options.services?.[method];
    if (service) return service(params);
    if (method === 'hook/emit') return emit(params);
    if (method === 'secret/get') return findSecret(options, String(params['name']));
    if (method === 'net/fetch') return answerFetch(options, params as unknown as NetFetchParams);
    if (method === 'permission/request') return answerWish(options, params);
    return answerStorage(storage, method, params);
  }

  const hello = await host.request('initialize', {
    protocol: 1,
    protocols: [1],
    host: { name: 'test', version: '0' },
    plugin: { name: 'test' },
    config: options.config ?? {},
    hooks: Object.keys(plugin.hooks),
    limits: { maxMessageBytes: 10 * 1024 * 1024, concurrency: 64 },
  });
  if (isObject(hello) && hello['disable'] !== undefined) throw new Error(`The plugin declined: ${hello['disable']}`);

  return {
    logs,
    progress,
    storage,
    emitted,
    changeConfig(config) {
      host.notify('config/changed', { config });
      return runtime.idle();
    },
    denyNet(denial) {
      host.notify('net/denied', denial);
      return runtime.idle();
    },
    async shutdown() {
      await host.request('shutdown', {});
    },
    async call(hook, payload, how = {}) {
      const event = `event-${++events}`;
      const { state, deadlineMs = 5000, attempt = 1, outcome, signal, ...place } = how;
      const facts = { event, hook, context: { time: new Date().toISOString(), ...place }, payload: payload as HookInvokeParams['payload'] };
      if (outcome !== undefined) {
        host.notify('hook/notify', { ...facts, outcome });
        return void (await runtime.idle());
      }
      return (await host.request('hook/invoke', { ...facts, deadlineMs, attempt, state }, signal)) as WireAnswer;
    },
  };
}

function findSecret(options: TestOptions, name: string): object {
  const value = options.secret?.(name);
  if (value === undefined)
    throw new WireError('SECRET_UNKNOWN', -32011, `Cannot read the secret "${name}": the test gives none of this name`);
  return { value };
}

async function answerFetch({ fetch }: TestOptions, params: NetFetchParams): Promise<NetFetchResult> {
  if (fetch === undefined)
    throw new WireError('PERMISSION_DENIED', -32001, `Cannot fetch "${params.url}": the test has no "fetch" that would answer`);
  return { status: 200, url: params.url, headers: {}, ...(await fetch(params)) };
}

function answerWish({ permission }: TestOptions, params: Record<string, unknown>): PermissionAnswer {
  const answer = permission?.(params['permissions'] as Permissions, params['reason'] as string | undefined) ?? false;
  return typeof answer === 'boolean' ? { granted: answer } : answer;
}

function answerStorage(storage: Map<string, unknown>, method: string, params: Record<string, unknown>): object {
  const key = String(params['key']);
  switch (method) {
    case 'storage/get':
      return { value: storage.get(key) ?? null };
    case 'storage/set':
      storage.set(key, params['value']);
      return {};
    case 'storage/delete':
      storage.delete(key);
      return {};
    case 'storage/list':
      return { keys: [...storage.keys()].filter((name) => name.startsWith(String(params['prefix'] ?? ''))).sort() };
    default:
      throw new WireError('METHOD_UNKNOWN', -32601, `Cannot call "${method}": the test registers no such service`);
  }
}
