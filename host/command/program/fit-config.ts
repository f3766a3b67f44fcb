import { didYouMean } from '../../protocol/did-you-mean.ts';
import { isRecord } from './to-data.ts';

type Fields = Record<string, unknown>;

export interface Mistake {
  readonly pointer: string;
  /** What is wrong there and what would be right. */
  readonly message: string;
}

/**
 * Lays data over a config, whose default values say which fields there are and of which kind. Fields that are missing stay; lists are
 * replaced whole; a map that is empty by default takes any key, a field that is null or undefined any value.
 */
export function layOver(config: object, data: unknown, defaults: object): Mistake[] {
  if (!isRecord(data)) return [{ pointer: '', message: `must hold fields; got ${nameOf(data)}` }];
  return layFields(config as Fields, { data, defaults: defaults as Fields, at: '' });
}

/** True when a config has the field, or a map on the way takes any key. */
export function hasField(defaults: unknown, path: readonly string[]): boolean {
  if (path.includes('__proto__')) return false;
  let node = defaults;
  for (const key of path) {
    if (!isRecord(node)) return node === null || node === undefined;
    if (isOpen(node)) return true;
    if (!Object.hasOwn(node, key)) return false;
    node = node[key];
  }
  return true;
}

interface Laying {
  readonly data: Fields;
  readonly defaults: Fields;
  readonly at: string;
}

function layFields(target: Fields, { data, defaults, at }: Laying): Mistake[] {
  const open = isOpen(defaults);
  return Object.entries(data).flatMap(([key, value]): Mistake[] => {
    const pointer = `${at}/${key}`;
    if (key === '__proto__') return [{ pointer, message: 'is not allowed as a key' }];
    if (!open && !Object.hasOwn(defaults, key)) {
      return [{ pointer, message: `is no field of the config${didYouMean(key, Object.keys(defaults))}` }];
    }
    const standard = open ? undefined : defaults[key];
    const current = Object.hasOwn(target, key) ? target[key] : undefined;
    if (isRecord(standard) && isRecord(value) && isRecord(current)) {
      return layFields(current, { data: value, defaults: standard, at: pointer });
    }
    const message = kindMistake(standard, value);
    if (message !== undefined) return [{ pointer, message }];
    target[key] = structuredClone(value);
    return [];
  });
}

function isOpen(defaults: Fields): boolean {
  return Object.keys(defaults).length === 0;
}

function kindMistake(standard: unknown, value: unknown): string | undefined {
  if (standard === undefined || standard === null) return undefined;
  const kind = kindOf(standard);
  if (kind === undefined) return 'is no data by default and can only be set in code';
  return kindOf(value) === kind ? undefined : `must be ${kind}; got ${nameOf(value)}`;
}

function kindOf(value: unknown): string | undefined {
  if (Array.isArray(value)) return 'a list';
  if (isRecord(value)) return 'a map';
  const kinds: Record<string, string> = { string: 'text', number: 'a number', boolean: 'true or false' };
  return kinds[typeof value];
}

function nameOf(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? (kindOf(value) ?? 'something else') : text;
}
