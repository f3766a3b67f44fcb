import {
  type HookEmitParams,
  type HookEmitResult,
  methods,
  type NetFetchParams,
  type NetFetchResult,
  type PermissionRequestParams,
  type PermissionRequestResult,
  type Permissions,
} from '@outrigger/schemas';
import { jsonMistake } from '../dispatcher/json-mistake.ts';
import { inWords } from '../dispatcher/merge.ts';
import { errorText, HostError } from '../protocol/errors.ts';
import { MAX_DEPTH } from '../protocol/is-deeper.ts';
import { check } from '../protocol/validator.ts';
import type { PluginStorage } from './storage.ts';
import type { Service } from './types.ts';

export interface ServiceDeps {
  /** What a plugin may do right now. */
  readonly granted: (plugin: string) => Permissions;
  readonly storage: (plugin: string) => PluginStorage;
  readonly emit: (plugin: string, params: HookEmitParams, signal: AbortSignal) => Promise<HookEmitResult>;
  /** A secret that the plugin may see. */
  readonly secret: (plugin: string, name: string) => Promise<string>;
  readonly fetch: (plugin: string, params: NetFetchParams, signal: AbortSignal) => Promise<NetFetchResult>;
  /** Whether the plugin's manifest lists optional permissions. */
  readonly mayRequest: (plugin: string) => boolean;
  readonly request: (plugin: string, params: PermissionRequestParams, signal: AbortSignal) => Promise<PermissionRequestResult>;
  readonly services: Readonly<Record<string, Service>>;
}

export type Serve = (plugin: string, method: string, params: unknown, signal: AbortSignal) => Promise<unknown>;

interface Offer {
  /** What the plugin lacks to call it at all: a clause; undefined when it may. */
  lacks(plugin: string): string | undefined;
  /** Name of its validator. Undefined: the application’s own service looks at its parameters itself. */
  readonly params: keyof Validators | undefined;
  run(plugin: string, params: Record<string, unknown>, signal: AbortSignal): unknown;
}

type Validators = typeof import('@outrigger/schemas/validate-services');

/** Loaded at the first request: most plugins ask for nothing. */
let loaded: Promise<Validators> | undefined;

function validators(): Promise<Validators> {
  loaded ??= import('@outrigger/schemas/validate-services');
  return loaded;
}

/** Method names of the protocol and names of permissions. */
const RESERVED = new Set([...methods.methods.map(({ name }) => name as string), 'storage', 'secret']);

/** Throws HANDLER_INVALID for a service of the application that cannot be one. */
export function checkServices(services: Readonly<Record<string, Service>>): void {
  for (const [name, service] of Object.entries(services)) {
    if (RESERVED.has(name) || name.startsWith('$/'))
      throw new HostError(
        'HANDLER_INVALID',
        `Cannot register service "${name}": the name is Outrigger's own, choose one such as "app/${name}"`,
      );
    if (typeof service !== 'function') throw new HostError('HANDLER_INVALID', `Cannot register service "${name}": it is no function`);
  }
}

/** What plugins may ask of the host. Throws HANDLER_INVALID. Each method needs its permission in the manifest and the operator’s grant. */
export function makeServe(deps: ServiceDeps): Serve {
  checkServices(deps.services);
  const offers = builtInServices(deps);
  for (const [name, service] of Object.entries(deps.services)) offers.set(name, ownService(name, service, deps));
  return async (plugin, method, given, signal) => {
    const offer = offers.get(method);
    if (offer === undefined) throw new HostError('METHOD_UNKNOWN', `Cannot call "${method}": the host has no such method`);
    const lack = offer.lacks(plugin);
    if (lack !== undefined) throw new HostError('PERMISSION_DENIED', `Cannot call "${method}": plugin "${plugin}" needs ${lack}`);
    return offer.run(plugin, await checked(method, offer, given ?? {}), signal);
  };
}

/** Needs a name under `permissions.services`. */
function needs(permission: string, { granted }: ServiceDeps): Offer['lacks'] {
  return (plugin) =>
    granted(plugin).services?.includes(permission) ? undefined : inGrant(`"${permission}" under permissions.services`, plugin);
}

function inGrant(what: string, plugin: string): string {
  return `${what} in its manifest, and the operator's grant: outrigger plugins trust ${plugin}`;
}

async function checked(method: string, { params }: Offer, given: unknown): Promise<Record<string, unknown>> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new HostError('PARAMS_INVALID', `Cannot call "${method}": parameters go by name, in an object`);
  }
  const issues = params === undefined ? undefined : check((await validators())[params], given);
  if (issues !== undefined) throw new HostError('PARAMS_INVALID', `Cannot call "${method}": ${inWords(issues, 'the parameters object')}`);
  return given as Record<string, unknown>;
}

function ownService(name: string, service: Service, deps: ServiceDeps): Offer {
  return {
    lacks: needs(name, deps),
    params: undefined,
    run: async (plugin, params, signal) => {
      try {
        const result = (await unlessAborted(service(params, { plugin, signal }), signal)) ?? null;
        const mistake = jsonMistake(result, MAX_DEPTH);
        if (mistake === undefined) return result;
        throw new HostError('SERVICE_FAILED', `Service "${name}" failed: its result is no JSON: ${mistake}`);
      } catch (error) {
        if (error instanceof HostError) throw error;
        const why = errorText(error);
        throw new HostError('SERVICE_FAILED', `Service "${name}" failed: ${why}`, { cause: error });
      }
    },
  };
}

/** A service that ignores its signal must not keep one of the plugin's places for ever. */
async function unlessAborted(result: unknown, signal: AbortSignal): Promise<unknown> {
  if (!(result instanceof Promise)) return result;
  let giveUp = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    giveUp = () => reject(new HostError('EVENT_CANCELLED', 'The plugin does not need the answer any more'));
  });
  signal.addEventListener('abort', giveUp, { once: true });
  if (signal.aborted) giveUp();
  return Promise.race([result, aborted]).finally(() => signal.removeEventListener('abort', giveUp));
}

function builtInServices(deps: ServiceDeps): Map<string, Offer> {
  const { emit, fetch, request, mayRequest } = deps;
  return new Map<string, Offer>([
    ...storageServices(deps),
    [
      'secret/get',
      {
        lacks: (plugin) =>
          deps.granted(plugin).secrets?.length ? undefined : inGrant('the name of the secret under permissions.secrets', plugin),
        params: 'secretGetParams',
        run: async (plugin, params, signal) => ({ value: await unlessAborted(deps.secret(plugin, params['name'] as string), signal) }),
      },
    ],
    [
      'net/fetch',
      {
        lacks: needs('net/fetch', deps),
        params: 'netFetchParams',
        run: (plugin, params, signal) => unlessAborted(fetch(plugin, params as unknown as NetFetchParams, signal), signal),
      },
    ],
    [
      'permission/request',
      {
        lacks: (plugin) => (mayRequest(plugin) ? undefined : 'optionalPermissions in its manifest'),
        params: 'permissionRequestParams',
        run: (plugin, params, signal) => request(plugin, params as unknown as PermissionRequestParams, signal),
      },
    ],
    [
      'hook/emit',
      {
        lacks: needs('hook/emit', deps),
        params: 'hookEmitParams',
        run: (plugin, params, signal) => emit(plugin, params as unknown as HookEmitParams, signal),
      },
    ],
  ]);
}

function storageServices(deps: ServiceDeps): [string, Offer][] {
  const lacks = needs('storage', deps);
  const keyOf = (params: Record<string, unknown>): string => params['key'] as string;
  const get: Offer['run'] = async (plugin, params) => ({ value: await deps.storage(plugin).get(keyOf(params)) });
  const set: Offer['run'] = async (plugin, params) => {
    await deps.storage(plugin).set(keyOf(params), params['value']);
    return {};
  };
  const remove: Offer['run'] = async (plugin, params) => {
    await deps.storage(plugin).delete(keyOf(params));
    return {};
  };
  const list: Offer['run'] = async (plugin, params) => ({ keys: await deps.storage(plugin).list(params['prefix'] as string | undefined) });
  return [
    ['storage/get', { lacks, params: 'storageGetParams', run: get }],
    ['storage/set', { lacks, params: 'storageSetParams', run: set }],
    ['storage/delete', { lacks, params: 'storageDeleteParams', run: remove }],
    ['storage/list', { lacks, params: 'storageListParams', run: list }],
  ];
}
