import { HostError } from '../../protocol/errors.ts';
import { isRecord } from './to-data.ts';
import type { ConfigSource, ConfigSources, ConfigType } from './types.ts';

/** Config types by id, in order. Throws HANDLER_INVALID for an id that is no word or is there twice, and for what makes no config. */
export function configTypesOf(sources: ConfigSources, inherited: Readonly<Record<string, ConfigType>> = {}): Record<string, ConfigType> {
  const types: Record<string, ConfigType> = { ...inherited };
  const entries = Array.isArray(sources)
    ? sources.map((source: ConfigSource) => [typeNameOf(source).toLowerCase(), source] as const)
    : Object.entries(sources as Readonly<Record<string, ConfigSource>>);
  for (const [id, source] of entries) {
    const mistake = mistakeIn(id, source, types);
    if (mistake !== undefined) throw new HostError('HANDLER_INVALID', `Cannot use config "${id}": ${mistake}`);
    types[id] = { id, type: typeNameOf(source), make: makerOf(source) };
  }
  return types;
}

/** True for a class, false for a function that is called without `new`. */
export function isClass(value: unknown): value is new (...values: unknown[]) => object {
  return typeof value === 'function' && Object.getOwnPropertyDescriptor(value, 'prototype')?.writable === false;
}

function mistakeIn(id: string, source: ConfigSource, types: Readonly<Record<string, ConfigType>>): string | undefined {
  if (!/^[a-z_]\w*$/i.test(id) || id in Object.prototype) return 'an id is a word of letters, digits and "_"';
  if (Object.hasOwn(types, id)) return 'the id is there already; ids of one command, global ones included, are unique';
  if (typeof source !== 'function' && !isRecord(source))
    return 'it must be a class, a function that makes an object, or an object of defaults';
  return undefined;
}

function typeNameOf(source: ConfigSource): string {
  return (typeof source === 'function' ? source.name : source.constructor?.name) || 'Object';
}

function makerOf(source: ConfigSource): () => object {
  if (isClass(source)) return () => new source();
  if (typeof source === 'function') return source as () => object;
  return () => structuredClone(source);
}
