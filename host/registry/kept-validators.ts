import { createHash } from 'node:crypto';
import type { Validator } from '@outrigger/schemas';
import { codeOf, compileTrusted } from '../protocol/validator.ts';
import { validatorFrom } from '../protocol/validator-code.ts';
import { readCached, writeCached } from './document-cache.ts';

type Schema = Readonly<Record<string, unknown>>;

/**
 * Validators of an application's schemas, by their names. They are kept as code in the user's own cache folder, as Node keeps compiled
 * code: making them takes 20 ms, most of it loading ajv. A schema with a mistake has its error in its place.
 */
export async function trustedValidators(
  schemas: ReadonlyMap<string, Schema>,
  cacheDir: string | undefined,
): Promise<ReadonlyMap<string, Validator | Error>> {
  if (schemas.size === 0) return new Map();
  const hash = createHash('sha256')
    .update(JSON.stringify([process.version, ...schemas]))
    .digest('hex');
  const kept = readKept(await readCached(cacheDir, 'validators', hash), schemas);
  if (kept !== undefined) return kept;
  const made = new Map<string, Validator | Error>();
  for (const [name, schema] of schemas) made.set(name, await compileTrusted(schema).catch((error: Error) => error));
  const isWhole = ![...made.values()].some((each) => each instanceof Error);
  if (cacheDir !== undefined && isWhole) await keep(schemas, cacheDir, hash);
  return made;
}

/** Undefined when it is not what keep() writes: a schema without its validator would be a schema that is not checked. */
function readKept(value: unknown, schemas: ReadonlyMap<string, Schema>): ReadonlyMap<string, Validator> | undefined {
  if (!Array.isArray(value)) return undefined;
  try {
    const kept = new Map((value as [string, string][]).map(([name, code]) => [name, validatorFrom(code)]));
    return [...schemas.keys()].every((name) => kept.has(name)) ? kept : undefined;
  } catch {
    return undefined;
  }
}

async function keep(schemas: ReadonlyMap<string, Schema>, cacheDir: string, hash: string): Promise<void> {
  const codes: [string, string][] = [];
  for (const [name, schema] of schemas) codes.push([name, await codeOf(schema)]);
  // What could not be read again is not worth keeping.
  if (readKept(codes, schemas) !== undefined) await writeCached(cacheDir, 'validators', hash, codes);
}
