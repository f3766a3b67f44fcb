import type { LogParams, ProgressParams } from '@outrigger/schemas';
import { logParams, progressParams } from '@outrigger/schemas/validate-protocol';
import type { ErrorCode } from '../protocol/errors.ts';
import { isDeeper, MAX_DEPTH } from '../protocol/is-deeper.ts';
import { smallWeight } from '../protocol/json-weight.ts';
import type { Failure } from '../protocol/types.ts';
import { LogGate } from './log-gate.ts';
import { asNumber, findId } from './message-id.ts';
import { Oddities, type Oddity } from './oddities.ts';
import { looksLikeRequest, parseMessage, type Read } from './parse-message.ts';
import { described, type Pending } from './pending.ts';
import { plainText, sample } from './plain-text.ts';
import { MessageReader } from './reader.ts';
import type { Services } from './services.ts';
import type { Timers } from './timers.ts';
import type { ConnectionStats, Reply } from './types.ts';

export interface InboundOptions {
  readonly plugin: string;
  readonly maxMessageBytes: number;
  readonly logsPerSecond: number;
  readonly pollutionLines: number;
  readonly timers: Timers;
  readonly pending: Pending;
  readonly services: Services;
  readonly onLog: (record: LogParams) => void;
  readonly refuse: (id: number | null, code: ErrorCode, message: string) => void;
  readonly onFault: (failure: Failure) => void;
  readonly onOddity?: (kind: Oddity, text: string) => void;
  readonly onDrain: () => void;
}

const BAD_LOG = 'its params must be a "level" ("debug", "info", "warn" or "error"), a "message" and nothing too deep';

const LENGTH = /^content-length\s*:/i;
const LENGTH_BYTES = 40;

/** What a plugin writes on stdout: cut into messages, counted, and sent where it belongs. Never throws for what a plugin wrote. */
export class Inbound {
  readonly #options: InboundOptions;
  readonly #reader: MessageReader;
  readonly #logs: LogGate;
  #isPolluted = false;
  readonly #oddities: Oddities;
  readonly stats: Omit<ConnectionStats, 'messagesOut' | 'bytesOut' | 'servicesRefused'> = {
    messagesIn: 0,
    bytesIn: 0,
    pollutionLines: 0,
    pollutionSample: undefined,
    invalidMessages: 0,
    lateReplies: 0,
    unknownReplies: 0,
    logsDropped: 0,
  };

  constructor(options: InboundOptions) {
    this.#options = options;
    this.#logs = new LogGate(options.logsPerSecond, options.timers);
    this.#oddities = new Oddities(options.onOddity);
    this.#reader = new MessageReader({
      maxMessageBytes: options.maxMessageBytes,
      onMessage: (bytes) => this.#onMessage(bytes),
      onPollution: (text) => this.#onPollution(text),
      onInvalid: (why, bytes) => this.#onBadHeaders(why, bytes),
      onOversize: (what, size) => this.#onOversize(what, size),
    });
  }

  push(chunk: Buffer): void {
    this.stats.bytesIn += chunk.length;
    this.#reader.push(chunk);
  }

  close(): void {
    this.#reader.end();
  }

  /** Why an answer may not have been heard, judged by what came since the last one: `; …` or nothing. */
  get silence(): string {
    return this.#oddities.explain(this.stats.bytesIn, this.#reader.unfinished);
  }

  #onMessage(bytes: Buffer): void {
    this.stats.messagesIn++;
    if (this.#logs.drops(bytes)) {
      this.stats.logsDropped++;
      return;
    }
    const parsed = parseMessage(bytes, this.#options.maxMessageBytes);
    if ('message' in parsed) this.#route(parsed, bytes);
    else if (parsed.mistake === 'broken') this.#onBroken(bytes, parsed.why);
    else if (parsed.mistake === 'heavy' && looksLikeRequest(bytes)) this.#onHeavyRequest(bytes, parsed.why);
    else this.#onInvalid(bytes, parsed.mistake === 'encoding' ? 'PARSE_ERROR' : 'REQUEST_INVALID', parsed.why);
  }

  #onHeavyRequest(bytes: Buffer, why: string): void {
    this.#skip('message skipped', bytes, why);
    this.#options.refuse(findId(bytes) ?? null, 'MESSAGE_TOO_LARGE', `Cannot read the message: ${why}`);
  }

  /** Half a message may have a whole one behind it on the same line. Looked for once, from the end: never quadratic. */
  #onBroken(bytes: Buffer, why: string): void {
    const resume = bytes.lastIndexOf('{"jsonrpc"');
    const half = resume > 0 ? bytes.subarray(0, resume) : bytes;
    this.#onInvalid(half, 'PARSE_ERROR', why);
    if (resume > 0 && isJson(bytes.subarray(resume))) this.#onMessage(bytes.subarray(resume));
  }

  #route(read: Read, bytes: Buffer): void {
    const { message, weight } = read;
    if (message.method === undefined) this.#onAnswer(read, bytes);
    else if (typeof message.method !== 'string') this.#onInvalid(bytes, 'REQUEST_INVALID', 'its method is no string');
    else if (message.id !== undefined) this.#options.services.request(message, message.method, weight ?? smallWeight(bytes.length));
    else this.#onNotification(message.method, message.params, bytes);
  }

  #onAnswer({ message, text, weight }: Read, bytes: Buffer): void {
    const { error } = message;
    const failed = error !== undefined && error !== null;
    if (!failed && !('result' in message)) {
      this.#onInvalid(bytes, 'REQUEST_INVALID', 'it has neither a method nor a result nor an error');
      return;
    }
    const id = asNumber(message.id);
    const reply: Reply = { ok: true, result: message.result, bytes: bytes.length, text, weight };
    const fate =
      id === undefined
        ? 'unknown'
        : this.#options.pending.answer(id, failed ? (request) => this.#errorReply(error, described(request)) : reply);
    if (fate === 'settled') this.#oddities.forget();
    else if (fate === 'late') this.#onLate();
    else {
      this.stats.unknownReplies++;
      this.#oddities.add('answer to nothing asked', bytes, 'no request with this id is open');
    }
  }

  /** The call held its place among those in flight until now. */
  #onLate(): void {
    this.stats.lateReplies++;
    this.#options.onDrain();
  }

  #errorReply(error: unknown, asked: string): Reply {
    const { code, message, data }: { code?: unknown; message?: unknown; data?: unknown } =
      typeof error === 'object' && error !== null ? error : { message: error };
    const text = typeof message === 'string' ? plainText(message, 1000) : 'without a message';
    const failure: Failure = { code: 'PLUGIN_ERROR', message: `Plugin "${this.#options.plugin}" answered ${asked} with an error: ${text}` };
    return { ok: false, failure, ...(data === undefined ? {} : { data }), ...(typeof code === 'number' ? { wireCode: code } : {}) };
  }

  /** An unknown notification is ignored, as JSON-RPC says. */
  #onNotification(method: string, params: unknown, bytes: Buffer): void {
    if (method === 'log') this.#onLog(params, bytes);
    else if (method === '$/cancelRequest') this.#options.services.cancel(propertyOf(params, 'id'));
    else if (method === '$/progress') {
      if (isProgress(params)) this.#options.pending.progress(params.event);
      else this.#skip('notification skipped', bytes, 'its params must name an "event"');
    }
  }

  #onLog(params: unknown, bytes: Buffer): void {
    if (!this.#logs.take()) this.stats.logsDropped++;
    else if (!isLog(params) || isDeeper(params, MAX_DEPTH)) this.#skip('notification skipped', bytes, BAD_LOG);
    else this.#options.onLog({ ...params, message: plainText(params.message) });
  }

  /** The call that this would have answered fails now when its id can be made out; else the plugin is told. */
  #onInvalid(bytes: Buffer, code: 'PARSE_ERROR' | 'REQUEST_INVALID', why: string): void {
    const { pending, plugin } = this.#options;
    const id = findId(bytes);
    const failure = (asked: string): Failure => ({
      code: 'MESSAGE_INVALID',
      message: `Cannot read the answer of plugin "${plugin}" to ${asked}: ${why}`,
    });
    const fate = id === undefined ? 'unknown' : pending.answer(id, (request) => ({ ok: false, failure: failure(described(request)) }));
    if (fate === 'settled') {
      this.stats.invalidMessages++;
      this.#oddities.forget();
      return;
    }
    this.#skip('message skipped', bytes, why);
    if (fate === 'unknown') this.#options.refuse(null, code, `Cannot read the message: ${why}`);
    else this.#onLate();
  }

  /** Skipped, unless it is the first thing said: whoever gets the length of its first message wrong is not understood later either. */
  #onBadHeaders(why: string, bytes: Buffer): void {
    this.#skip('message skipped', bytes, why);
    if (this.stats.messagesIn > 0 || !LENGTH.test(bytes.toString('latin1', 0, LENGTH_BYTES))) return;
    const { plugin, onFault } = this.#options;
    onFault({ code: 'MESSAGE_INVALID', message: `Cannot read the first message of plugin "${plugin}": ${why}` });
  }

  #skip(kind: Oddity, bytes: Buffer, why: string): void {
    this.stats.invalidMessages++;
    this.#oddities.add(kind, bytes, why);
    this.#checkPollution();
  }

  /** Text and broken messages share one bound. */
  #checkPollution(): void {
    const { plugin, pollutionLines, onFault } = this.#options;
    const { pollutionLines: lines, invalidMessages, pollutionSample } = this.stats;
    if (this.#isPolluted || lines + invalidMessages <= pollutionLines) return;
    this.#isPolluted = true;
    const first = pollutionSample === undefined ? '' : `, the first line of text is "${pollutionSample}"`;
    const message = `Cannot go on reading stdout of plugin "${plugin}": more than ${pollutionLines} lines are no messages${first}; stdout is for messages, stderr for text`;
    onFault({ code: 'PLUGIN_POLLUTED', message });
  }

  #onPollution(text: Buffer): void {
    this.stats.pollutionLines++;
    this.stats.pollutionSample ??= sample(text);
    this.#oddities.add('stdout pollution', text, 'it is no message');
    this.#checkPollution();
  }

  #onOversize(what: 'message' | 'text', size: number): void {
    const { plugin, maxMessageBytes, onFault } = this.#options;
    const [code, cause] =
      what === 'text'
        ? (['PLUGIN_POLLUTED', `more than ${maxMessageBytes} bytes in one line are no message`] as const)
        : (['MESSAGE_TOO_LARGE', `a message has ${size} bytes or more, the limit is ${maxMessageBytes}`] as const);
    onFault({ code, message: `Cannot go on reading stdout of plugin "${plugin}": ${cause}` });
  }
}

function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString());
    return true;
  } catch {
    return false;
  }
}

function isLog(params: unknown): params is LogParams {
  return logParams(params);
}

function isProgress(params: unknown): params is ProgressParams {
  return progressParams(params);
}

function propertyOf(value: unknown, name: 'id'): unknown {
  return typeof value === 'object' && value !== null && name in value ? (value as { id?: unknown })[name] : undefined;
}
