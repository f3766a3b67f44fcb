import { type HookEmitParams, type HookEmitResult, methods, type Validator } from '@outrigger/schemas';
import * as validators from '@outrigger/schemas/validate-protocol';
import { jsonMistake } from '../dispatcher/json-mistake.ts';
import { inWords } from '../dispatcher/merge.ts';
import { HostError } from '../protocol/errors.ts';
import { MAX_DEPTH } from '../protocol/is-deeper.ts';
import { check } from '../protocol/validator.ts';
import type { PluginStorage } from './storage.ts';
import type { Service } from './types.ts';

export interface ServiceDeps {
  /** Services granted to a plugin. */
  readonly granted: (plugin: string) => ReadonlySet<string>;
  readonly storage: (plugin: string) => PluginStorage;
  readonly emit: (plugin: string, params: HookEmitParams, signal: AbortSignal) => Promise<HookEmitResult>;
  readonly services: Readonly<Record<string, Service>>;
}

export type Serve = (plugin: string, method: string, params: unknown, signal: AbortSignal) => Promise<unknown>;

interface Offer {
  readonly permission: string;
  /** Undefined: the application’s own service looks at its parameters itself. */
  readonly params: Validator | undefined;
  run(plugin: string, params: Record<string, unknown>, signal: AbortSignal): unknown;
}

/** Method names of the protocol and names of permissions. */
const RESERVED = new Set([...methods.methods.map(({ name }) => name as string), 'storage', 'secret']);

/** What plugins may ask of the host. Throws HANDLER_INVALID. Each method needs its permission in the manifest and the operator’s grant. */
export function makeServe(deps: ServiceDeps): Serve {
  const offers = builtInServices(deps);
  for (const [name, service] of Object.entries(deps.services)) {
    if (RESERVED.has(name) || name.startsWith('$/'))
      throw new HostError(
        'HANDLER_INVALID',
        `Cannot register service "${name}": the name is Outrigger's own, choose one such as "app/${name}"`,
      );
    if (typeof service !== 'function') throw new HostError('HANDLER_INVALID', `Cannot register service "${name}": it is no function`);
    offers.set(name, ownService(name, service));
  }
  return async (plugin, method, given, signal) => {
    const offer = offers.get(method);
    if (offer === undefined) throw new HostError('METHOD_UNKNOWN', `Cannot call "${method}": the host has no such method`);
    if (!deps.granted(plugin).has(offer.permission)) {
      const message = `Cannot call "${method}": plugin "${plugin}" needs "${offer.permission}" under permissions.services in its manifest, and the operator's grant`;
      throw new HostError('PERMISSION_DENIED', message);
    }
    return offer.run(plugin, checked(method, offer, given ?? {}), signal);
  };
}

function checked(method: string, { params }: Offer, given: unknown): Record<string, unknown> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new HostError('PARAMS_INVALID', `Cannot call "${method}": parameters go by name, in an object`);
  }
  const issues = params === undefined ? undefined : check(params, given);
  if (issues !== undefined) throw new HostError('PARAMS_INVALID', `Cannot call "${method}": ${inWords(issues, 'the parameters object')}`);
  return given as Record<string, unknown>;
}

function ownService(name: string, service: Service): Offer {
  return {
    permission: name,
    params: undefined,
    run: async (plugin, params, signal) => {
      try {
        const result = (await unlessAborted(service(params, { plugin, signal }), signal)) ?? null;
        const mistake = jsonMistake(result, MAX_DEPTH);
        if (mistake === undefined) return result;
        throw new HostError('SERVICE_FAILED', `Service "${name}" failed: its result is no JSON: ${mistake}`);
      } catch (error) {
        if (error instanceof HostError) throw error;
        const why = error instanceof Error ? error.message : String(error);
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

function builtInServices({ storage, emit }: ServiceDeps): Map<string, Offer> {
  return new Map<string, Offer>([
    [
      'storage/get',
      {
        permission: 'storage',
        params: validators.storageGetParams,
        run: async (plugin, params) => ({ value: await storage(plugin).get(params['key'] as string) }),
      },
    ],
    [
      'storage/set',
      {
        permission: 'storage',
        params: validators.storageSetParams,
        run: async (plugin, params) => {
          await storage(plugin).set(params['key'] as string, params['value']);
          return {};
        },
      },
    ],
    [
      'storage/delete',
      {
        permission: 'storage',
        params: validators.storageDeleteParams,
        run: async (plugin, params) => {
          await storage(plugin).delete(params['key'] as string);
          return {};
        },
      },
    ],
    [
      'storage/list',
      {
        permission: 'storage',
        params: validators.storageListParams,
        run: async (plugin, params) => ({ keys: await storage(plugin).list(params['prefix'] as string | undefined) }),
      },
    ],
    [
      'secret/get',
      {
        permission: 'secret',
        params: validators.secretGetParams,
        run: (plugin, params) => {
          throw new HostError('SECRET_UNKNOWN', `Cannot read secret "${String(params['name'])}": none is granted to plugin "${plugin}"`);
        },
      },
    ],
    [
      'hook/emit',
      {
        permission: 'hook/emit',
        params: validators.hookEmitParams,
        run: (plugin, params, signal) => emit(plugin, params as unknown as HookEmitParams, signal),
      },
    ],
  ]);
}
