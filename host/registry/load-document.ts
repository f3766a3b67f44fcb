import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { Catalog, Config, Lock, Manifest, Validator } from '@outrigger/schemas';
import { check, explainAll, type Issue } from '../protocol/validator.ts';
import { type CacheKind, readCached, writeCached } from './document-cache.ts';
import { type Place, readDocument } from './read-document.ts';
import type { Problem } from './types.ts';

const MAX_BYTES = 256 * 1024;
/** A lock file holds what every plugin asks for. */
const MAX_LOCK_BYTES = 4 * 1024 * 1024;
const CHUNK = 64 * 1024;

export interface DocumentTypes {
  readonly manifest: Manifest;
  readonly config: Config;
  readonly catalog: Catalog;
  readonly lock: Lock;
}

export interface LoadedDocument<T> {
  /** Undefined: there is at least one problem. */
  readonly value: T | undefined;
  /** What the file says, mistakes and all; undefined when it fits, or cannot be read as a document. */
  readonly raw?: unknown;
  /** SHA-256 of the file's bytes; empty when it could not be read. */
  readonly hash: string;
  readonly problems: readonly Problem[];
  /** Where a field stands; reads the file again only when it came from the cache. */
  locate(pointer: string): Promise<Place | undefined>;
}

export interface DocumentOptions<T> {
  readonly cacheDir: string | undefined;
  /** Rules a schema cannot say; run only on a value that fits its schema. */
  readonly rules?: (value: T) => readonly Issue[];
}

/** Reads, checks and caches a manifest, config, catalog or lock file. Never throws for what is in the file. */
export async function loadDocument<K extends keyof DocumentTypes>(
  kind: K,
  file: string,
  options: DocumentOptions<DocumentTypes[K]>,
): Promise<LoadedDocument<DocumentTypes[K]>> {
  const source = await readText(file, kind === 'lock' ? MAX_LOCK_BYTES : MAX_BYTES);
  if ('problem' in source) return failed([{ severity: 'error', file, message: source.problem }]);
  const { text, hash } = source;
  const folder = `${kind}s` as CacheKind;
  const cached = await readCached(options.cacheDir, folder, hash);
  if (cached !== undefined) {
    const locate = async (pointer: string) => locateIn(await readDocument(file, text), pointer);
    return { value: cached as DocumentTypes[K], hash, problems: [], locate };
  }
  const document = await readDocument(file, text);
  if ('issues' in document)
    return failed(
      document.issues.map((issue) => ({ severity: 'error', file, ...issue })),
      hash,
    );
  // A config of which only comments are left is a config that says nothing.
  const value = kind === 'config' ? (document.value ?? {}) : document.value;
  const issues = await mistakes(kind, value, options.rules);
  const problems = issues.map((issue): Problem => ({ severity: 'error', file, ...document.locate(issue.pointer), ...issue }));
  if (problems.length > 0) return { ...failed(problems, hash), raw: value, locate: (pointer) => Promise.resolve(document.locate(pointer)) };
  await writeCached(options.cacheDir, folder, hash, value);
  return {
    value: value as DocumentTypes[K],
    hash,
    problems,
    locate: (pointer) => Promise.resolve(document.locate(pointer)),
  };
}

/** What is wrong with a manifest, config or catalog that is already a value; empty when nothing is. */
export async function mistakes<K extends keyof DocumentTypes>(
  kind: K,
  value: unknown,
  rules?: (value: DocumentTypes[K]) => readonly Issue[],
): Promise<readonly Issue[]> {
  const validators: Record<keyof DocumentTypes, Validator> = await import('@outrigger/schemas/validate-files');
  const first = check(validators[kind], value);
  if (first === undefined) return rules?.(value as DocumentTypes[K]) ?? [];
  const all = await explainAll(await schemaOf(kind), value);
  return all.length > 0 ? all : first;
}

/**
 * Checks a config or catalog that an application brings as an object. What was found good once is not checked again: then the value is
 * the one that was kept, so that nothing JSON cannot say comes in beside it.
 */
export async function checkObject<K extends 'config' | 'catalog'>(
  kind: K,
  object: DocumentTypes[K],
  { cacheDir, rules }: DocumentOptions<DocumentTypes[K]>,
): Promise<{ value: DocumentTypes[K] } | { issues: readonly Issue[] }> {
  const hash = hashOf(object);
  const folder = `${kind}s` as const;
  const kept = hash === undefined ? undefined : await readCached(cacheDir, folder, hash);
  if (kept !== undefined) return { value: kept as DocumentTypes[K] };
  const issues = await mistakes(kind, object, rules);
  if (issues.length > 0) return { issues };
  if (hash !== undefined) await writeCached(cacheDir, folder, hash, object);
  return { value: object };
}

/** Undefined for what is no JSON; its mistakes are found by a check. */
function hashOf(object: object): string | undefined {
  try {
    return createHash('sha256')
      .update(`object ${JSON.stringify(object)}`)
      .digest('hex');
  } catch {
    return undefined;
  }
}

async function schemaOf(kind: keyof DocumentTypes): Promise<Record<string, unknown>> {
  const options = { with: { type: 'json' } } as const;
  switch (kind) {
    case 'manifest':
      return (await import('@outrigger/schemas/manifest.schema.json', options)).default;
    case 'config':
      return (await import('@outrigger/schemas/config.schema.json', options)).default;
    case 'catalog':
      return (await import('@outrigger/schemas/catalog.schema.json', options)).default;
    case 'lock':
      return (await import('@outrigger/schemas/lock.schema.json', options)).default;
  }
}

/**
 * A regular file of bounded size, as text. Waits for no pipe, and reads no more than it may of what has no end, like some files of /proc.
 * Without the thread pool: to start it, and to wait for it five times a file, takes longer than reading what a start has to read.
 */
export async function readText(file: string, maxBytes: number = MAX_BYTES): Promise<{ text: string; hash: string } | { problem: string }> {
  try {
    const handle = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = fstatSync(handle);
      if (!stats.isFile()) return { problem: `Cannot read "${file}": it is not a regular file` };
      const bytes = stats.size > maxBytes ? undefined : readUpTo(handle, { maxBytes, size: stats.size });
      if (bytes === undefined) return { problem: `Cannot read "${file}": it is larger than ${maxBytes / 1024} KiB` };
      const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
      return { text, hash: createHash('sha256').update(bytes).digest('hex') };
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    const cause = error instanceof TypeError ? 'it is not UTF-8 text' : (error as Error).message.replace(/, open '.*/s, '');
    return { problem: `Cannot read "${file}": ${cause}` };
  }
}

/** Undefined when there is more. */
function readUpTo(handle: number, { maxBytes, size }: { readonly maxBytes: number; readonly size: number }): Buffer | undefined {
  // With room for one more, so that the end shows; files of /proc say that they are empty.
  const chunk = size > 0 ? Math.min(size + 1, CHUNK) : CHUNK;
  const chunks: Buffer[] = [];
  for (let left = maxBytes + 1; left > 0; ) {
    const buffer = Buffer.alloc(Math.min(left, chunk));
    const bytesRead = readSync(handle, buffer);
    if (bytesRead === 0) return Buffer.concat(chunks);
    chunks.push(buffer.subarray(0, bytesRead));
    left -= bytesRead;
  }
  return undefined;
}

function failed(problems: readonly Problem[], hash = ''): LoadedDocument<never> {
  return { value: undefined, hash, problems, locate: () => Promise.resolve(undefined) };
}

function locateIn(document: Awaited<ReturnType<typeof readDocument>>, pointer: string): Place | undefined {
  return 'issues' in document ? undefined : document.locate(pointer);
}
