import { isObject } from './messages.ts';
import type { Json } from './types.ts';

const MOST_ENTRIES = 100;

/** What a plugin under test is served: a small storage, errors for the rest. */
export function plainServices(): (message: Json) => Json {
  const entries = new Map<string, unknown>();
  const set = (key: string, value: unknown): Json => {
    if (entries.size < MOST_ENTRIES) entries.set(key, value);
    return {};
  };
  const remove = (key: string): Json => {
    entries.delete(key);
    return {};
  };
  const serve: Readonly<Record<string, (params: Json) => Json>> = {
    'storage/get': ({ key }) => ({ value: entries.get(String(key)) ?? null }),
    'storage/set': ({ key, value }) => set(String(key), value),
    'storage/delete': ({ key }) => remove(String(key)),
    'storage/list': ({ prefix = '' }) => ({ keys: [...entries.keys()].filter((key) => key.startsWith(String(prefix))).sort() }),
  };
  return ({ method, params }) => {
    const service = serve[String(method)];
    if (service !== undefined && isObject(params)) return { result: service(params) };
    const message = `Cannot serve "${method}": no such service is granted here`;
    return { error: { code: -32001, message, data: { code: 'PERMISSION_DENIED' } } };
  };
}
