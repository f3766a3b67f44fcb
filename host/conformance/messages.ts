import type { Exit } from '../process/types.ts';
import type { Json } from './types.ts';

export type Id = number | string | null;

export function isAnswer(message: Json): boolean {
  return message['method'] === undefined && message['id'] !== undefined && ('result' in message || 'error' in message);
}

/** The same number as text is the same id: the host takes it too. */
export function isSameId(one: unknown, other: Id): boolean {
  return one === other || (typeof other === 'number' && one === String(other));
}

/** How a process ended, in words. */
export function endOf(exit: Exit): string {
  if (exit.error !== undefined) return `could not be started: ${exit.error.message}`;
  return exit.signal === undefined ? `ended with code ${exit.code}` : `was ended by ${exit.signal}`;
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
