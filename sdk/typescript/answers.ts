import type { Violation } from '@outrigger/schemas';
import type { Answer, AnswerExtra } from './types.ts';

/**
 * Stops the operation.
 *
 * @param code stable identifier of the rule, for programs
 * @param reason one sentence for people
 * @example
 * return block('no-rm', 'rm is not allowed here', { details: { command: 'rm' }, retryAfterMs: 60_000 });
 */
export function block(
  code: string,
  reason: string,
  extra: AnswerExtra & Pick<Violation, 'description' | 'details' | 'severity'> = {},
): Extract<Answer, { action: 'block' }> {
  const { state, metadata, retryAfterMs, ...more } = extra;
  return { action: 'block', violation: { code, reason, ...more }, ...definedOnly({ state, metadata, retryAfterMs }) };
}

/**
 * Changes the payload by a JSON Merge Patch: a key sets, `null` removes, lists are replaced whole.
 *
 * @example
 * return modify({ env: { LANG: 'C' }, cwd: null });
 */
export function modify<T extends object>(changes: T, extra: AnswerExtra = {}): { action: 'modify'; changes: T } & AnswerExtra {
  return { action: 'modify', changes, ...extra };
}

/**
 * Skips the operation: the application uses this value instead of its result.
 *
 * @example
 * return replace({ exitCode: 0, stdout: 'from the cache\n' });
 */
export function replace<R>(value: R, extra: AnswerExtra = {}): { action: 'replace'; value: R } & AnswerExtra {
  return { action: 'replace', value, ...extra };
}

function definedOnly<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Partial<T>;
}
