import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { UsageError } from './usage-error.ts';

/** A JSON object given on the command line: itself, `@FILE`, or `-` for stdin. */
export function parseObject(source: string, { what, cwd }: { readonly what: string; readonly cwd: string }): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(readSource(source, { what, cwd }));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`Cannot use the ${what}: it is not JSON, ${(error as Error).message}`);
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new UsageError(`Cannot use the ${what}: it must be a JSON object such as {"key": "value"}`);
  }
  return value as Record<string, unknown>;
}

function readSource(source: string, { what, cwd }: { readonly what: string; readonly cwd: string }): string {
  if (source !== '-' && !source.startsWith('@')) return source;
  const file = source === '-' ? 0 : resolve(cwd, source.slice(1));
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`Cannot read the ${what} from ${source === '-' ? 'stdin' : `"${file}"`}: ${(error as Error).message}`);
  }
}
