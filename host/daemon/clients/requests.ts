import type {
  EmitParams,
  EmitResult,
  HooksExplainParams,
  HooksListResult,
  LogsReadParams,
  LogsReadResult,
  PluginsRestartParams,
  ReloadParams,
  ReloadResult,
  SessionOpenResult,
  TraceGetResult,
  TracesReadParams,
} from '@outrigger/schemas';
import * as validators from '@outrigger/schemas/validate-client';
import { empty } from '@outrigger/schemas/validate-protocol';
import type { Outcome } from '../../dispatcher/types.ts';
import { didYouMean } from '../../protocol/did-you-mean.ts';
import { HostError } from '../../protocol/errors.ts';
import type { CancelSignal } from '../../protocol/types.ts';
import { check } from '../../protocol/validator.ts';
import { type Actor, APPLICATION } from '../audit.ts';
import type { Control } from '../control/types.ts';
import type { Session } from '../types.ts';
import { explainHook } from './explain-hook.ts';
import type { RequestSignal } from './request-signal.ts';
import { type AnyHost, MAX_SESSIONS } from './types.ts';

type Params = Readonly<Record<string, unknown>>;
type AnySession = Session<Record<string, { payload: object; replace: unknown }>>;
type Handle = (client: ClientScope, params: never, signal: RequestSignal) => unknown;

interface Method {
  readonly accepts: (typeof validators)[keyof typeof validators];
  readonly handle: Handle;
  /** A daemon that stops finishes it, and begins no more of it. */
  readonly isWork?: true;
}

/** What a client asks a host for after `hello`, by method. */
const METHODS: Readonly<Record<string, Method>> = {
  emit: { accepts: validators.emitParams, handle: emit, isWork: true },
  'session/open': { accepts: validators.sessionOpenParams, handle: openSession, isWork: true },
  'session/close': { accepts: validators.sessionCloseParams, handle: closeSession },
  'operation/end': { accepts: validators.operationEndParams, handle: endOperation },
  'hooks/list': { accepts: empty, handle: listHooks },
  'trace/get': { accepts: validators.traceGetParams, handle: getTrace },
  ping: { accepts: empty, handle: () => ({}) },
  'plugins/restart': { accepts: validators.pluginsRestartParams, handle: restartPlugin },
  status: { accepts: empty, handle: (client) => controlOf(client, 'status').status() },
  stop: { accepts: empty, handle: (client) => controlOf(client, 'stop').stop(client.actor) },
  dashboard: { accepts: empty, handle: (client) => controlOf(client, 'dashboard').dashboard(client.actor) },
  reload: { accepts: validators.reloadParams, handle: reload },
  'hooks/explain': { accepts: validators.hooksExplainParams, handle: ({ host }, params: HooksExplainParams) => explainHook(host, params) },
  'logs/read': { accepts: validators.logsReadParams, handle: readLog },
  'traces/read': {
    accepts: validators.tracesReadParams,
    handle: (client, params: TracesReadParams, signal) => controlOf(client, 'traces/read').events.follow(params, signal.asAbortSignal),
  },
};

/** The host as one client has it: its sessions are nobody else's, and end with it. */
export class ClientScope {
  readonly host: AnyHost;
  readonly control: Control | undefined;
  readonly actor: Actor;
  readonly sessions: Map<string, AnySession> = new Map();

  constructor(host: AnyHost, control?: Control, actor: Actor = APPLICATION) {
    this.host = host;
    this.control = control;
    this.actor = actor;
  }

  /** The answer to one request, or a promise of it. Throws or rejects with METHOD_UNKNOWN, PARAMS_INVALID or what the host says. */
  answer(method: string, params: unknown, signal: RequestSignal): unknown {
    const known = Object.hasOwn(METHODS, method) ? METHODS[method] : undefined;
    if (known === undefined) throw new HostError('METHOD_UNKNOWN', `Cannot answer "${method.slice(0, 200)}": there is no such method`);
    assertFits(method, known.accepts, params);
    if (known.isWork) signal.onOver = this.control?.enter(method);
    return known.handle(this, (params ?? {}) as never, signal);
  }

  /** Throws SCOPE_CLOSED for a session that is not open. */
  scope(session: string | undefined): AnyHost | AnySession {
    if (session === undefined) return this.host;
    const open = this.sessions.get(session);
    if (open === undefined)
      throw new HostError('SCOPE_CLOSED', `Cannot use session "${session}": it is not open; open it with session/open`);
    return open;
  }

  async close(): Promise<void> {
    const open = [...this.sessions.values()];
    this.sessions.clear();
    await Promise.all(open.map((session) => session.close()));
  }
}

/** Throws PARAMS_INVALID. */
export function assertFits(method: string, accepts: (typeof validators)[keyof typeof validators], params: unknown): void {
  const issue = check(accepts, params ?? {})?.[0];
  if (issue !== undefined) throw new HostError('PARAMS_INVALID', `Cannot answer "${method}": its params${issue.pointer} ${issue.message}`);
}

/** Names of the hook points that somebody listens to in a scope. */
export function heardIn(host: AnyHost, scope: AnyHost | AnySession): string[] {
  return host
    .hooks()
    .map(({ name }) => name)
    .filter((name) => scope.has(name));
}

function emit(client: ClientScope, params: EmitParams, signal: CancelSignal): Promise<EmitResult> {
  const { hook, payload, session, operation, traceparent, trace } = params;
  const scope = client.scope(session);
  const options = traceparent === undefined ? { signal } : { signal, traceparent };
  const emitted = (operation === undefined ? scope : scope.operation(operation)).emit(hook, payload, options);
  return emitted.then((outcome) => resultOf(outcome, payload, trace === true));
}

/** What goes back: the payload only when somebody changed it. */
function resultOf(outcome: Outcome<object>, sent: object, wantsTrace: boolean): EmitResult {
  const { event, status, payload, by, cause, violation, value, retryAfterMs, failOpens } = outcome;
  const result: EmitResult = { event, status };
  if (payload !== sent) result.payload = payload as Params;
  if (by !== undefined) result.by = by;
  if (cause !== undefined) result.cause = cause;
  if (violation !== undefined) result.violation = violation as unknown as Params;
  if (value !== undefined) result.value = value;
  if (retryAfterMs !== undefined) result.retryAfterMs = retryAfterMs;
  if (failOpens.length > 0) result.failOpens = failOpens.map(({ plugin, code }) => ({ plugin, code }));
  if (wantsTrace) result.trace = outcome.trace as unknown as Params;
  return result;
}

function openSession(client: ClientScope, params: { id?: string; plugins?: string[] }): SessionOpenResult {
  if (client.sessions.size >= MAX_SESSIONS)
    throw new HostError('SERVICE_BUSY', `Cannot open a session: this client has ${MAX_SESSIONS} open; close one first`);
  if (params.id !== undefined && client.sessions.has(params.id))
    throw new HostError('PARAMS_INVALID', `Cannot open session "${params.id}": it is open; close it first, or take another id`);
  const session = client.host.session(params);
  client.sessions.set(session.id, session);
  return { id: session.id, heard: heardIn(client.host, session) };
}

async function closeSession(client: ClientScope, { session: id }: { session: string }): Promise<object> {
  const session = client.scope(id);
  client.sessions.delete(id);
  await session.close();
  return {};
}

function endOperation(client: ClientScope, { operation, session }: { operation: string; session?: string }): object {
  client.scope(session).operation(operation).end();
  return {};
}

function listHooks({ host }: ClientScope): HooksListResult {
  return { hooks: host.hooks().map(({ name, description, subscribers }) => ({ name, description, subscribers: [...subscribers] })) };
}

function getTrace({ host }: ClientScope, { event }: { event: string }): TraceGetResult {
  const trace = host.trace(event);
  return trace === undefined ? {} : { trace: trace as unknown as Params };
}

async function restartPlugin({ host, actor }: ClientScope, { plugin }: PluginsRestartParams): Promise<object> {
  await host.restart(plugin, actor);
  return {};
}

function reload(client: ClientScope, { plugins, cause }: ReloadParams): Promise<ReloadResult> {
  const by = client.actor;
  return controlOf(client, 'reload').reload({
    ...(plugins === undefined ? {} : { plugins }),
    cause: cause === undefined ? { action: 'reload', by } : { ...cause, by },
  });
}

function readLog(client: ClientScope, params: LogsReadParams, signal: RequestSignal): Promise<LogsReadResult> {
  const { log } = controlOf(client, 'logs/read');
  if (log === undefined) throw new HostError('METHOD_UNKNOWN', 'Cannot read the log: this daemon keeps no lines of it');
  const names = client.host.plugins().map(({ registered }) => registered.name);
  const unknown = params.plugins?.find((name) => !names.includes(name) && !log.knows(name));
  if (unknown !== undefined)
    throw new HostError(
      'PLUGIN_UNKNOWN',
      `Cannot read the log of plugin "${unknown}": no plugin has this name${didYouMean(unknown, names)}`,
    );
  return log.follow(params, signal.asAbortSignal);
}

function controlOf({ control }: ClientScope, method: string): Control {
  if (control !== undefined) return control;
  throw new HostError('METHOD_UNKNOWN', `Cannot answer "${method}": this host serves one application alone and is no daemon`);
}
