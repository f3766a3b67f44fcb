import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HostError } from '../protocol/errors.ts';

/** Most entries one plugin may keep. */
export const MAX_ENTRIES = 10_000;
const DEFAULT_MB = 16;
const BYTES_PER_MB = 1024 * 1024;

/** What a plugin may store: what its manifest wishes for, in MiB, and never more than the operator’s cap. */
export function storageQuota(wishMb: number | undefined, capMb: number | undefined): number {
  return Math.min(wishMb ?? DEFAULT_MB, capMb ?? Number.POSITIVE_INFINITY) * BYTES_PER_MB;
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
  #seenMs = 0;
  #tail: Promise<unknown> = Promise.resolve();

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
      await this.#write(file, text);
      sizes.set(file, bytes);
      this.#seenMs = (await stat(this.#folder)).mtimeMs;
    });
  }

  delete(key: string): Promise<void> {
    return this.#oneByOne(async () => {
      await rm(join(this.#folder, fileOf(key)), { force: true });
      this.#sizes = undefined;
    });
  }

  /** Names of entries, sorted. */
  async list(prefix = ''): Promise<string[]> {
    const sizes = await this.#oneByOne(() => this.#scan());
    const entries = await Promise.all([...sizes.keys()].map((file) => this.#read(file)));
    return entries.flatMap((entry) => (entry?.key.startsWith(prefix) ? [entry.key] : [])).sort();
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
      return JSON.parse(await readFile(join(this.#folder, file), 'utf8')) as Entry;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new HostError('STORAGE_FAILED', `Cannot read the storage of plugin "${this.#plugin}": ${String(error)}`, { cause: error });
    }
  }

  async #write(file: string, text: string): Promise<void> {
    const temporary = join(this.#folder, `${randomBytes(8).toString('hex')}.tmp`);
    try {
      const handle = await open(temporary, 'wx', 0o600);
      try {
        await handle.writeFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, join(this.#folder, file));
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }
}

function fileOf(key: string): string {
  // As JSON, for lone surrogates have no UTF-8 and would all be one key.
  return `${createHash('sha256').update(JSON.stringify(key)).digest('hex').slice(0, 40)}.json`;
}
