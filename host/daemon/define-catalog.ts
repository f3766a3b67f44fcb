import type { HookPoint } from '@outrigger/schemas';
import type { FromSchema, JSONSchema } from 'json-schema-to-ts';

/** A hook point written in TypeScript: its schemas are objects. */
export interface HookSource extends Omit<HookPoint, 'payload' | 'replaceSchema' | 'allows' | 'writable' | 'pairs'> {
  readonly payload: JSONSchema;
  readonly replaceSchema?: JSONSchema;
  readonly allows?: readonly ('modify' | 'block' | 'replace')[];
  readonly writable?: readonly string[];
  readonly pairs?: readonly string[];
}

/** A catalog written in TypeScript. */
export interface CatalogSource {
  readonly name: string;
  readonly version?: number;
  readonly description?: string;
  readonly order?: { readonly priority?: 'low-first' | 'high-first'; readonly ties?: 'configuration' | 'name' };
  readonly hooks: { readonly [hook: string]: HookSource };
}

type FieldsOf<S> = S extends JSONSchema
  ? FromSchema<S> extends object
    ? FromSchema<S>
    : Record<string, unknown>
  : Record<string, unknown>;
type ValueOf<S> = S extends JSONSchema ? FromSchema<S> : unknown;

/** The types of a catalog’s hook points, by full name. */
export type CatalogHooks<C extends CatalogSource> = {
  [K in keyof C['hooks'] & string as `${C['name']}.${K}`]: {
    payload: FieldsOf<C['hooks'][K]['payload']>;
    replace: C['hooks'][K] extends { replaceSchema: infer R } ? ValueOf<R> : never;
  };
};

/** The types of several catalogs together. */
export type AllHooks<C extends readonly CatalogSource[]> = C extends readonly [
  infer First extends CatalogSource,
  ...infer Rest extends readonly CatalogSource[],
]
  ? CatalogHooks<First> & AllHooks<Rest>
  : unknown;

/** Keeps the exact types of a catalog, so that `emit` knows the payload of each of its hook points. Checked by `createHost`. */
export function defineCatalog<const C extends CatalogSource>(catalog: C): C {
  return catalog;
}
