import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, readFileSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import { HostError } from '../protocol/errors.ts';
import { isObject } from './messages.ts';
import type { Json } from './types.ts';

/** One line of a recording. `start` begins a process of the plugin. */
export type Recorded =
  | { readonly kind: 'start'; readonly plugin: string; readonly time: string }
  | { readonly kind: 'message'; readonly from: 'host' | 'plugin'; readonly atMs: number; readonly message: Json }
  | { readonly kind: 'text'; readonly from: 'host' | 'plugin'; readonly atMs: number; readonly text: string }
  | { readonly kind: 'end'; readonly atMs: number; readonly how: string };

const REDACTED = '[redacted]';
const SHORTEST_SECRET = 4;
const MOST_BYTES = 256 * 1024 * 1024;
/** More than the longest first line of a recording. */
const HEAD_BYTES = 4096;

/** Writes the wire of one plugin as JSON Lines. What `secret/get` gave it, and every field named like one of its secrets, is replaced. */
export class Recorder {
  readonly #path: string;
  readonly #file: number;
  readonly #isNew: boolean;
  /** Undefined: not known yet, and nothing may be written. */
  #names: ReadonlySet<string> | undefined;
  #early: (() => void)[] = [];
  #isOpen = true;
  readonly #values = new Set<string>();
  readonly #asked = new Set<unknown>();
  #bytes = 0;
  #messages = 0;
  #trouble: string | undefined;

  /** Throws STORAGE_FAILED when the file cannot be written, or holds something that is no recording. An old recording is kept until the first line. */
  constructor(file: string) {
    this.#path = file;
    try {
      refuseOther(file);
      this.#isNew = !existsSync(file);
      // What plugins say may be private: for the user alone.
      this.#file = openSync(file, 'a', 0o600);
    } catch (error) {
      throw new HostError('STORAGE_FAILED', `Cannot record into "${file}": ${(error as Error).message}`);
    }
  }

  /** Messages that were written so far. */
  get messages(): number {
    return this.#messages;
  }

  /** Why the rest is missing, as a clause; undefined when nothing is. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Names of the secrets that the manifest asks for; until they are known nothing is written. */
  know(secrets: Iterable<string>): void {
    this.#names = new Set(secrets);
    for (const write of this.#early.splice(0)) write();
  }

  start(plugin: string): void {
    const time = new Date().toISOString();
    this.#whenKnown(() => {
      this.#asked.clear();
      this.#write({ kind: 'start', plugin, time });
    });
  }

  /** One message, or a text that is none. */
  add(from: 'host' | 'plugin', text: string, atMs: number): void {
    this.#whenKnown(() => this.#add(from, text, atMs));
  }

  end(how: string, atMs: number): void {
    this.#whenKnown(() => this.#write({ kind: 'end', atMs, how }));
  }

  /** Nothing is left of a new file into which nothing was written. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#file);
    if (this.#isNew && this.#bytes === 0) rmSync(this.#path, { force: true });
  }

  #whenKnown(write: () => void): void {
    if (this.#names === undefined) this.#early.push(write);
    else write();
  }

  #add(from: 'host' | 'plugin', text: string, atMs: number): void {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      // Then it is a text.
    }
    if (isObject(message)) this.#write({ kind: 'message', from, atMs, message: this.#conceal(from, message) });
    else this.#write({ kind: 'text', from, atMs, text: this.#cleaned(text) });
  }

  #conceal(from: 'host' | 'plugin', message: Json): Json {
    const { id, method, result } = message;
    if (from === 'plugin' && method === 'secret/get') this.#asked.add(id);
    if (from === 'host' && method === undefined && this.#asked.delete(id) && isObject(result)) {
      const { value } = result;
      if (typeof value === 'string' && value.length >= SHORTEST_SECRET) this.#values.add(value);
      return { ...message, result: { ...result, value: REDACTED } };
    }
    return this.#withoutValues(message) as Json;
  }

  #withoutValues(value: unknown, key = ''): unknown {
    if (this.#names?.has(key) && value !== null && typeof value !== 'object') return REDACTED;
    if (typeof value === 'string') return this.#cleaned(value);
    if (Array.isArray(value)) return value.map((item) => this.#withoutValues(item));
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [this.#cleaned(name), this.#withoutValues(item, name)]));
  }

  #cleaned(text: string): string {
    return [...this.#values].reduce((left, secret) => left.replaceAll(secret, REDACTED), text);
  }

  #write(recorded: Recorded): void {
    if (!this.#isOpen || this.#trouble !== undefined) return;
    try {
      this.#writeLine(recorded);
    } catch (error) {
      // Whoever is recorded must not fail because the disk is full.
      this.#trouble = (error as Error).message;
    }
  }

  #writeLine(recorded: Recorded): void {
    const line = `${JSON.stringify(recorded)}\n`;
    if (this.#bytes === 0 && fstatSync(this.#file).isFile()) ftruncateSync(this.#file);
    if (recorded.kind === 'message') this.#messages += 1;
    this.#bytes += line.length;
    if (this.#bytes > MOST_BYTES) this.#trouble = `it has more than ${MOST_BYTES} bytes`;
    const full: Recorded = { kind: 'end', atMs: 0, how: 'the recording is full' };
    writeSync(this.#file, this.#trouble === undefined ? line : `${JSON.stringify(full)}\n`);
  }
}

/** Throws unless what the file holds may be lost: nothing, or an older recording. */
function refuseOther(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found?.isFile() || found.size === 0) return;
  const head = Buffer.alloc(HEAD_BYTES);
  const open = openSync(file, 'r');
  try {
    const [line = ''] = head.toString('utf8', 0, readSync(open, head)).split('\n');
    if (isStart(line)) return;
  } finally {
    closeSync(open);
  }
  throw new Error('it holds something that is no recording; name a new file, or remove this one');
}

function isStart(line: string): boolean {
  try {
    const { kind, plugin, time } = JSON.parse(line) as Json;
    return kind === 'start' && typeof plugin === 'string' && typeof time === 'string';
  } catch {
    return false;
  }
}

/** Reads a recording. Throws CONFIG_INVALID with the line that is none, and when no message is in it. */
export function readRecording(file: string): Recorded[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new HostError('CONFIG_INVALID', `Cannot read the recording "${file}": ${(error as Error).message}`);
  }
  const lines = text.split('\n').map((line, index) => ({ line, number: index + 1 }));
  const records = lines.filter(({ line }) => line.trim() !== '').map(({ line, number }) => readLine(file, line, number));
  if (records.some(({ kind }) => kind === 'message')) return records;
  throw new HostError('CONFIG_INVALID', `Cannot use the recording "${file}": it holds no message; nothing was said to the plugin`);
}

function readLine(file: string, line: string, number: number): Recorded {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // Refused below, as any other line that is none.
  }
  const kinds = ['start', 'message', 'text', 'end'];
  if (isObject(value) && kinds.includes(String(value['kind'])) && (value['kind'] !== 'message' || isObject(value['message']))) {
    return value as unknown as Recorded;
  }
  throw new HostError('CONFIG_INVALID', `Cannot read line ${number} of the recording "${file}": it is not what "--record" writes`);
}
