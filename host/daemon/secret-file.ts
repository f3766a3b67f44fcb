import { constants } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HostError } from '../protocol/errors.ts';
import { writeWhole } from './write-whole.ts';

/** A value, or where else it is kept. */
export type SecretEntry = string | { readonly keyring: true };

export const SECRET_NAME: RegExp = /^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/;
/** Longest value, in bytes of UTF-8. */
export const MAX_SECRET_BYTES = 65_536;
const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** The user's own secrets by name, one JSON object in a file that nobody else may read. */
export class SecretFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** All entries; none when there is no file. Throws STORAGE_FAILED when somebody else could have read or written it. */
  async read(): Promise<Map<string, SecretEntry>> {
    let handle: FileHandle;
    try {
      // A fifo in its place must not keep the host waiting.
      handle = await open(this.path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return new Map();
      throw this.#failed('read', code === 'ELOOP' ? 'it is a link; put the file itself there' : message);
    }
    try {
      await this.#refuseShared(handle);
      return this.#parse(await handle.readFile('utf8'));
    } finally {
      await handle.close();
    }
  }

  /** Changes entries; a crash leaves the old file or the new one. An entry that is undefined is removed. */
  async write(changes: ReadonlyMap<string, SecretEntry | undefined>): Promise<void> {
    const entries = await this.read();
    for (const [name, entry] of changes) {
      if (entry === undefined) entries.delete(name);
      else entries.set(name, entry);
    }
    const text = `${JSON.stringify(Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1))), undefined, 2)}\n`;
    if (Buffer.byteLength(text) > MAX_FILE_BYTES) throw this.#failed('write', `it would be larger than ${MAX_FILE_BYTES} bytes`);
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    await writeWhole(this.path, text).catch((error: Error) => {
      throw this.#failed('write', error.message);
    });
  }

  async #refuseShared(handle: FileHandle): Promise<void> {
    const stats = await handle.stat();
    const me = process.geteuid?.() ?? stats.uid;
    if (!stats.isFile()) throw this.#failed('read', 'it is no regular file');
    if (stats.uid !== me) throw this.#failed('read', `it belongs to user ${stats.uid} and not to you; move it away`);
    if (process.platform !== 'win32' && (stats.mode & 0o077) !== 0) {
      const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
      throw this.#failed('read', `others may use it, its mode is ${mode}; run: chmod 600 ${this.path}`);
    }
    if (stats.size > MAX_FILE_BYTES) throw this.#failed('read', `it is larger than ${MAX_FILE_BYTES} bytes`);
  }

  #parse(text: string): Map<string, SecretEntry> {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      // The parser's own message quotes the text.
      throw this.#failed('read', 'it is not JSON');
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.#failed('read', 'it must hold one JSON object');
    const entries = Object.entries(value as Record<string, unknown>);
    const odd = entries.find(([name, entry]) => !SECRET_NAME.test(name) || !isEntry(entry));
    if (odd !== undefined) throw this.#failed('read', `the entry ${JSON.stringify(odd[0])} is neither a text nor {"keyring": true}`);
    return new Map(entries as [string, SecretEntry][]);
  }

  #failed(action: string, why: string): HostError {
    return new HostError('STORAGE_FAILED', `Cannot ${action} the secrets in "${this.path}": ${why}`);
  }
}

function isEntry(entry: unknown): entry is SecretEntry {
  if (typeof entry === 'string') return true;
  return typeof entry === 'object' && entry !== null && (entry as { keyring?: unknown }).keyring === true;
}
