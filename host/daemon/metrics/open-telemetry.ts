import { createRequire } from 'node:module';

export type Api = typeof import('@opentelemetry/api');

/** Where every copy of the API, of major version 1, keeps what an application registered. */
const REGISTERED = Symbol.for('opentelemetry.js.api.1');

let loaded: Api | undefined;

/**
 * The API, when the application registered a provider for it. Undefined otherwise: then an event costs a look at a global,
 * and the API is never loaded.
 */
export function registeredApi(what: 'trace' | 'metrics'): Api | undefined {
  const global = (globalThis as { [REGISTERED]?: { [K in typeof what]?: unknown } })[REGISTERED];
  if (global?.[what] === undefined) return undefined;
  // Now, and not with a promise: the first event is told of too.
  loaded ??= createRequire(import.meta.url)('@opentelemetry/api') as Api;
  return loaded;
}
