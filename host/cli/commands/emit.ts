import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Outcome } from '../../dispatcher/types.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { anyHooks, withHost } from '../open-host.ts';
import { traceTable } from '../print/trace-table.ts';
import { UsageError } from '../usage-error.ts';

/** `outrigger emit`: 3 when a plugin blocked the event. */
export async function emit(context: CliContext, hook: string, options: Record<string, unknown>): Promise<number> {
  const payload = parsePayload(readPayload(String(options['payload']), context.cwd));
  const { session, operation } = options as { session?: string; operation?: string };
  return withHost(context, async (host) => {
    const scope = anyHooks(session === undefined ? host : host.session({ id: session }));
    const outcome = await (operation === undefined ? scope : scope.operation(operation)).emit(hook, payload);
    context.answer(documentOf(outcome), () => traceTable(outcome.trace, context));
    return outcome.status === 'blocked' ? EXIT.blocked : EXIT.done;
  });
}

function documentOf({ event, hook, status, payload, by, cause, violation, value, retryAfterMs, trace }: Outcome<object>): object {
  return { event, hook, status, payload, by, cause, violation, value, retryAfterMs, trace };
}

function readPayload(source: string, cwd: string): string {
  if (source !== '-' && !source.startsWith('@')) return source;
  const file = source === '-' ? 0 : resolve(cwd, source.slice(1));
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { message } = error as Error;
    throw new UsageError(`Cannot read the payload from ${source === '-' ? 'stdin' : `"${file}"`}: ${message}`);
  }
}

function parsePayload(text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`Cannot use the payload: it is not JSON, ${(error as Error).message}`);
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new UsageError('Cannot use the payload: it must be a JSON object such as {"command": "git", "args": []}');
  }
  return value;
}
