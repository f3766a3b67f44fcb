import { randomUUID } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { isPrivateFolder } from '../sandbox/machine/private-folder.ts';

export type CacheKind = 'manifests' | 'configs' | 'locks' | 'catalogs' | 'plugin-configs' | 'trees' | 'validators';

/** A checked value by the SHA-256 of what it was made from; undefined when there is none, or none that can be believed. */
export async function readCached(cacheDir: string | undefined, kind: CacheKind, hash: string): Promise<unknown> {
  if (cacheDir === undefined) return undefined;
  try {
    const folder = join(cacheDir, kind);
    // What others could write could be a manifest nobody checked.
    if (!isPrivateFolder(folder)) return undefined;
    // A start reads a handful, of a few KB: with the thread pool it would wait thirty times.
    const entry: unknown = JSON.parse(readFileSync(join(folder, `${hash}.json`), 'utf8'));
    const { stamp, value } = entry as { stamp?: unknown; value?: unknown };
    return stamp === schemaStamp() ? value : undefined;
  } catch {
    // Missing or corrupt: the caller reads the source instead and writes the entry again.
    return undefined;
  }
}

/** Keeps a checked value, where it could be read again. A cache that cannot be written only costs time, so nothing is reported. */
export async function writeCached(cacheDir: string | undefined, kind: CacheKind, hash: string, value: unknown): Promise<void> {
  if (cacheDir === undefined) return;
  const folder = join(cacheDir, kind);
  const temporary = join(folder, `.${hash}.${randomUUID()}`);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if (!isPrivateFolder(folder)) return;
    await writeFile(temporary, JSON.stringify({ stamp: schemaStamp(), value }), { mode: 0o600 });
    await rename(temporary, join(folder, `${hash}.json`));
  } catch {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

let stamp: string | undefined;

/** Changes with the schemas and with every release, so that no entry outlives the rules it was checked against, or what made it. */
function schemaStamp(): string {
  if (stamp === undefined) {
    const { resolve } = createRequire(import.meta.url);
    const file = resolve('@outrigger/schemas/package.json');
    const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
    const { size, mtimeMs } = statSync(join(dirname(file), 'generated/validate-files.js'));
    stamp = `${version}-${size}-${mtimeMs}`;
  }
  return stamp;
}
