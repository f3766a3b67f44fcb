import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { HostError } from '../protocol/errors.ts';
import { limitsOf } from '../sandbox/policy/limits-of.ts';
import { writeWhole } from './write-whole.ts';

/** Most entries one plugin may keep. */
export const MAX_ENTRIES = 10_000;
const DEFAULT_MB = 16;
const BYTES_PER_MB = 1024 * 1024;
/** Files read at once while the names of entries are gathered. */
const READ_AT_ONCE = 16;
/** Enough for the longest key, each character of it escaped. */
const HEAD_BYTES = 2048;
/** Characters; from here on entries are parsed one at a time. */
const LARGE = 256 * 1024;

/** What a plugin may store, in bytes: what its manifest wishes for, in MiB, and never more than the operator’s cap, or ours where there is none. */
export function storageQuota(wishMb: number | undefined, capMb: number | undefined): number {
  return limitsOf({ storageMb: wishMb ?? DEFAULT_MB }, capMb === undefined ? {} : { storageMb: capMb }).storageMb * BYTES_PER_MB;
}

interface Entry {
  readonly key: string;
  readonly value: unknown;
}

/** One plugin’s own entries, one file each: a crash leaves the old entry or the new one, and two hosts can share the folder. */
export class PluginStorage {
  readonly #folder: string;
  readonly #quotaBytes: number;
  readonly #plugin: string;
  #sizes: Map<string, number> | undefined;
  /** By file. A file is named by its key, so that what was read once stays true. */
  readonly #keys: Map<string, string> = new Map();
  #seenMs = 0;
  #tail: Promise<unknown> = Promise.resolve();
  #parsing: Promise<unknown> = Promise.resolve();

  constructor(folder: string, options: { plugin: string; quotaBytes: number }) {
    this.#folder = folder;
    this.#plugin = options.plugin;
    this.#quotaBytes = options.quotaBytes;
  }

  /** The stored value, or null. */
  async get(key: string): Promise<unknown> {
    return (await this.#read(fileOf(key)))?.value ?? null;
  }

  /** Resolves when the entry is on disk. Rejects with QUOTA_EXCEEDED or STORAGE_FAILED, and then the old entry stands. */
  set(key: string, value: unknown): Promise<void> {
    const text = JSON.stringify({ key, value: value ?? null });
    return this.#oneByOne(async () => {
      const sizes = await this.#scan();
      const file = fileOf(key);
      const bytes = Buffer.byteLength(text);
      let total = bytes;
      for (const [name, size] of sizes) if (name !== file) total += size;
      if (total > this.#quotaBytes) throw this.#full(key, `${total} bytes are more than its quota of ${this.#quotaBytes}`);
      if (!sizes.has(file) && sizes.size >= MAX_ENTRIES) throw this.#full(key, `it has ${MAX_ENTRIES} entries already`);
      await writeWhole(join(this.#folder, file), text);
      sizes.set(file, bytes);
      this.#keys.set(file, key);
      this.#seenMs = (await stat(this.#folder)).mtimeMs;
    });
  }

  delete(key: string): Promise<void> {
    return this.#oneByOne(async () => {
      await rm(join(this.#folder, fileOf(key)), { force: true });
      this.#keys.delete(fileOf(key));
      this.#sizes = undefined;
    });
  }

  /** Names of entries, sorted. */
  async list(prefix = ''): Promise<string[]> {
    const keys = await this.#oneByOne(async () => this.#readKeys(await this.#scan()));
    return keys.filter((key) => key.startsWith(prefix)).sort();
  }

  /** Each file is read once for its key. */
  async #readKeys(sizes: ReadonlyMap<string, number>): Promise<string[]> {
    for (const file of this.#keys.keys()) if (!sizes.has(file)) this.#keys.delete(file);
    const unread = [...sizes.keys()].filter((file) => !this.#keys.has(file)).values();
    const read = async (): Promise<void> => {
      for (const file of unread) {
        const key = (await this.#keyAtHead(file)) ?? (await this.#read(file))?.key;
        if (key !== undefined) this.#keys.set(file, key);
      }
    };
    await Promise.all(Array.from({ length: READ_AT_ONCE }, read));
    return [...this.#keys.values()];
  }

  /** Undefined: it is gone, or was not written by a host. */
  async #keyAtHead(file: string): Promise<string | undefined> {
    const handle = await open(join(this.#folder, file)).catch(ignoreMissing);
    if (handle === undefined) return undefined;
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
      const [, text] = /^\{"key":("(?:[^"\\]|\\.)*"),/.exec(buffer.toString('utf8', 0, bytesRead)) ?? [];
      return text === undefined ? undefined : (JSON.parse(text) as string);
    } finally {
      await handle.close();
    }
  }

  #full(key: string, why: string): HostError {
    return new HostError('QUOTA_EXCEEDED', `Cannot store "${key}" for plugin "${this.#plugin}": ${why}`);
  }

  #oneByOne<T>(task: () => Promise<T>): Promise<T> {
    const mine = this.#tail.then(task).catch((error: unknown) => {
      if (error instanceof HostError) throw error;
      throw new HostError('STORAGE_FAILED', `Cannot use the storage of plugin "${this.#plugin}": ${String(error)}`, { cause: error });
    });
    this.#tail = mine.catch(() => undefined);
    return mine;
  }

  /** Sizes by file; read again only when somebody else changed the folder. */
  async #scan(): Promise<Map<string, number>> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const { mtimeMs } = await stat(this.#folder);
    if (this.#sizes !== undefined && mtimeMs === this.#seenMs) return this.#sizes;
    const sizes = new Map<string, number>();
    for (const name of await readdir(this.#folder)) {
      const found = await stat(join(this.#folder, name)).catch(() => undefined);
      if (found === undefined) continue;
      if (name.endsWith('.json')) sizes.set(name, found.size);
      // What a host that was killed while writing left behind.
      else if (Date.now() - found.mtimeMs > 60_000) await rm(join(this.#folder, name), { force: true });
    }
    this.#sizes = sizes;
    this.#seenMs = mtimeMs;
    return sizes;
  }

  async #read(file: string): Promise<Entry | undefined> {
    try {
      const text = await readFile(join(this.#folder, file), 'utf8');
      return (text.length < LARGE ? JSON.parse(text) : await this.#parseLarge(text)) as Entry;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new HostError('STORAGE_FAILED', `Cannot read the storage of plugin "${this.#plugin}": ${String(error)}`, { cause: error });
    }
  }

  /** Large ones one after another, each with time to be sent on: parsed, some take thirty times what they take on disk. */
  #parseLarge(text: string): Promise<unknown> {
    const parsed = this.#parsing.then(() => JSON.parse(text) as unknown);
    this.#parsing = parsed.catch(() => undefined).then(() => nextTurn());
    return parsed;
  }
}

function fileOf(key: string): string {
  // As JSON, for lone surrogates have no UTF-8 and would all be one key.
  return `${createHash('sha256').update(JSON.stringify(key)).digest('hex').slice(0, 40)}.json`;
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
