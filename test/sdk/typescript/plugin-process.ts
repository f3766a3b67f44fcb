import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { manifest as validateManifest } from '@outrigger/schemas/validate-files';
import { parse } from 'yaml';

type Message = Record<string, unknown> & { id?: number | null; error?: { code: number; message: string; data?: { code?: string } } };

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A tiny host: one plugin process and its wire, as JSON lines or with Content-Length headers. */
export class PluginProcess {
  readonly child: ChildProcessWithoutNullStreams;
  readonly messages: Message[] = [];
  /** Lines on stdout that are no message. */
  readonly stray: string[] = [];
  readonly ended: Promise<Ended>;
  stderr = '';
  stdout = '';
  readonly #headers: boolean;
  readonly #waiting = new Map<number, (message: Message) => void>();
  #rest = '';
  #lastId = 0;

  constructor(command: string, args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv; headers?: boolean } = {}) {
    const env = options.env ?? { PATH: process.env['PATH'], OUTRIGGER_PLUGIN: 'test', OUTRIGGER_PROTOCOL: '1' };
    this.child = spawn(command, args, { cwd: options.cwd, env, stdio: 'pipe' });
    this.#headers = options.headers === true;
    this.ended = new Promise((resolve) => this.child.once('close', (code, signal) => resolve({ code, signal })));
    this.child.stdin.on('error', () => {});
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => this.#read(text));
  }

  raw(text: string): void {
    this.child.stdin.write(text);
  }

  send(message: object): void {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message });
    this.raw(this.#headers ? `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}` : `${text}\n`);
  }

  notify(method: string, params: object = {}): void {
    this.send({ method, params });
  }

  /** The whole answer, result or error. */
  request(method: string, params: object = {}): Promise<Message> & { id: number } {
    const id = ++this.#lastId;
    const answered = new Promise<Message>((resolve) => this.#waiting.set(id, resolve));
    this.send({ id, method, params });
    return Object.assign(answered, { id });
  }

  initialize(config: object = {}, more: object = {}): Promise<Message> {
    return this.request('initialize', {
      protocol: 1,
      protocols: [1],
      host: { name: 'test', version: '0' },
      plugin: { name: 'test' },
      config,
      hooks: [],
      limits: { maxMessageBytes: 10 * 1024 * 1024, concurrency: 64 },
      ...more,
    });
  }

  invoke(hook: string, payload: object = {}, more: object = {}): Promise<Message> & { id: number } {
    return this.request('hook/invoke', { ...eventOf(hook, payload), deadlineMs: 5000, attempt: 1, ...more });
  }

  hookNotify(hook: string, payload: object, outcome: object = { status: 'continued' }): void {
    this.notify('hook/notify', { ...eventOf(hook, payload), outcome });
  }

  /** Messages of one method that the plugin sent by itself. */
  sent(method: string): Record<string, unknown>[] {
    return this.messages.filter((message) => message['method'] === method).map((message) => message['params'] as Record<string, unknown>);
  }

  /** Ends the process as a host would, by closing stdin; kills it when it does not listen. */
  async stop(): Promise<Ended> {
    this.child.stdin.end();
    const killer = setTimeout(() => this.child.kill('SIGKILL'), 10_000);
    const ended = await this.ended;
    clearTimeout(killer);
    return ended;
  }

  #read(text: string): void {
    this.stdout += text;
    this.#rest += text;
    for (;;) {
      const cut = this.#headers ? cutFrame(this.#rest) : cutLine(this.#rest);
      if (cut === undefined) return;
      this.#rest = cut.rest;
      if (cut.text.startsWith('{')) this.#accept(JSON.parse(cut.text) as Message);
      else this.stray.push(cut.text);
    }
  }

  #accept(message: Message): void {
    this.messages.push(message);
    if (message['method'] !== undefined || typeof message.id !== 'number') return;
    this.#waiting.get(message.id)?.(message);
    this.#waiting.delete(message.id);
  }
}

function cutLine(text: string): { text: string; rest: string } | undefined {
  const end = text.indexOf('\n');
  return end < 0 ? undefined : { text: text.slice(0, end), rest: text.slice(end + 1) };
}

function cutFrame(text: string): { text: string; rest: string } | undefined {
  const header = /^Content-Length: (\d+)\r\n\r\n/.exec(text);
  if (header === null) return undefined;
  const bytes = Buffer.from(text.slice(header[0].length));
  const length = Number(header[1]);
  return bytes.length < length ? undefined : { text: bytes.toString('utf8', 0, length), rest: bytes.toString('utf8', length) };
}

function eventOf(hook: string, payload: object): object {
  return { event: 'event-1', hook, context: { time: '2026-01-01T00:00:00Z', operation: 'operation-1' }, payload };
}

interface Sample {
  readonly manifest: { name: string; runtime: { command: string; args: string[] }; hooks: Record<string, object> };
  readonly problems: unknown;
}

/** The manifest of a plugin in a folder, checked against its schema. */
export function readManifest(folder: string): Sample {
  const manifest = parse(readFileSync(`${folder}/plugin.yaml`, 'utf8')) as Sample['manifest'];
  return { manifest, problems: validateManifest(manifest) ? [] : validateManifest.errors };
}

/** Starts the plugin of a folder as its manifest says. */
export function startPlugin(folder: string): PluginProcess {
  const { command, args } = readManifest(folder).manifest.runtime;
  return new PluginProcess(command === 'node' ? process.execPath : command, args, { cwd: folder });
}
