import type { Readable, Writable } from 'node:stream';
import type { LogParams } from '@outrigger/schemas';
import { type ErrorCode, HostError } from '../protocol/errors.ts';
import type { Failure } from '../protocol/types.ts';
import { Inbound } from './inbound.ts';
import type { Oddity } from './oddities.ts';
import { PacedInput } from './paced-input.ts';
import { budgetSpent, Pending, type PendingRequest, waitOf } from './pending.ts';
import { openRpc } from './rpc.ts';
import { answerText, type Rpc, type RpcAnswer, Services, wireError } from './services.ts';
import { isLarger, tooLarge } from './size.ts';
import type { Timers } from './timers.ts';
import type { ConnectionStats, Reply } from './types.ts';
import { MessageWriter } from './writer.ts';

export interface ConnectionOptions {
  readonly plugin: string;
  /** What the host writes; what the plugin writes is detected. */
  readonly framing: 'lines' | 'content-length';
  readonly maxMessageBytes: number;
  readonly logsPerSecond: number;
  /** Stray lines on stdout that are forgiven. */
  readonly pollutionLines: number;
  /** How long a plugin may take to settle a call that was given up. Default 500. */
  readonly graceMs?: number;
  readonly timers: Timers;
  readonly onLog: (record: LogParams) => void;
  /** Handles a request of the plugin. A HostError crosses with its number and code, anything else as INTERNAL_ERROR without details. */
  readonly serve: (method: string, params: unknown, signal: AbortSignal) => Promise<unknown>;
  /** Something of no use came on stdout; called for the first of each kind. */
  readonly onOddity?: (kind: Oddity, text: string) => void;
  /** Called once: the connection is no longer usable. The owner kills the process and calls close(). */
  readonly onFault: (failure: Failure) => void;
  /** Called once: the plugin did not settle a timed-out or cancelled call within the grace. */
  readonly onHung: (call: { event?: string; method: string }) => void;
  /** Room again: after `writable` was false, or because a call that was given up was settled by the plugin after all. */
  readonly onDrain: () => void;
}

export interface OutgoingCall extends PendingRequest {
  readonly method: 'hook/invoke';
  readonly event: string;
  /** `"event":…,"hook":…,"context":…,"payload":…`: JSON without the braces. */
  readonly shared: string;
  /** JSON. */
  readonly state: string | undefined;
  readonly attempt: number;
}

const GRACE_MS = 500;
/** Refusals that wait until the plugin reads. */
const MAX_OWED = 1024;
/** What a plugin is told when no clock runs because a debugger may be attached. */
const UNLIMITED_MS = 3_600_000;

/** JSON-RPC with one plugin over its stdin and stdout. Nothing a plugin writes makes it throw; every request settles exactly once. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #writer: MessageWriter;
  readonly #pending: Pending;
  readonly #services: Services;
  readonly #inbound: Inbound;
  readonly #input: PacedInput;
  readonly #owed: RpcAnswer[] = [];
  #lastId = 0;
  #faulted = false;
  #closed: Failure | undefined;

  constructor(streams: { stdin: Writable; stdout: Readable }, options: ConnectionOptions) {
    const { plugin, timers, onHung } = options;
    this.#options = options;
    this.#writer = new MessageWriter(streams.stdin, {
      framing: options.framing,
      onDrain: () => {
        for (const answer of this.#owed.splice(0)) this.#answer(answer);
        this.#services.drained();
        options.onDrain();
      },
      onError: (error) => this.#fault('PLUGIN_EXITED', `Cannot write to plugin "${plugin}": ${error.message}`),
    });
    this.#pending = new Pending({
      ...{ plugin, timers, onHung, graceMs: options.graceMs ?? GRACE_MS },
      sendCancel: (id) => this.#send('$/cancelRequest', `{"id":${id}}`),
      explain: () => this.#inbound.silence,
    });
    const isRead = (): boolean => this.#writer.writable;
    this.#services = new Services({ openRpc: () => this.#openRpc(), refuse: (...answer) => this.#refuse(...answer), isRead });
    this.#inbound = new Inbound({
      ...options,
      pending: this.#pending,
      services: this.#services,
      refuse: (...answer) => this.#refuse(...answer),
      onFault: (failure) => {
        this.#inbound.close();
        this.#fault(failure.code, failure.message);
      },
    });
    this.#input = new PacedInput(
      streams.stdout,
      (chunk) => this.#inbound.push(chunk),
      () => this.#inbound.close(),
    );
  }

  /** Writes `hook/invoke`; settles exactly once and never before this returns. The number names the call for cancel(). */
  invoke(call: OutgoingCall): number {
    const now = this.#options.timers.now();
    const waitMs = waitOf(call, now);
    const deadlineMs = waitMs === Number.POSITIVE_INFINITY ? UNLIMITED_MS : Math.max(1, Math.round(waitMs));
    const state = call.state === undefined ? '' : `"state":${call.state},`;
    return this.#request(call, { now, waitMs }, `{"deadlineMs":${deadlineMs},"attempt":${call.attempt},${state}${call.shared}}`);
  }

  /** Settles the call with this failure at once, tells the plugin, starts the grace clock. Unknown or settled ids: nothing happens. */
  cancel(id: number, failure: Failure): void {
    this.#pending.abandon(id, failure);
  }

  /** Control requests: initialize, ping, shutdown. Never rejects. */
  request(method: string, params: unknown, timeoutMs: number): Promise<Reply> {
    return new Promise((settle) => {
      const request = { method, event: undefined, timeoutMs, deadline: Number.POSITIVE_INFINITY, settle };
      this.#request(request, { now: this.#options.timers.now(), waitMs: timeoutMs }, JSON.stringify(params ?? {}));
    });
  }

  /** `params` is JSON. False when the write buffer is over its bound or nothing can be written any more: nothing was written. */
  notify(method: string, params: string): boolean {
    if (!this.writable) return false;
    this.#send(method, params);
    return true;
  }

  /** Settles everything in flight with this failure and lets go of the streams. Idempotent. */
  close(failure: Failure): void {
    if (this.#closed !== undefined) return;
    this.#closed = failure;
    this.#services.close();
    this.#inbound.close();
    this.#writer.close();
    this.#input.close();
    this.#pending.close(failure);
  }

  /** Hook calls not settled by the plugin; a given-up one counts until its grace ended. */
  get inFlight(): number {
    return this.#pending.hookCalls;
  }

  /** False while more than 1 MiB waits in stdin, and after a fault or close(). */
  get writable(): boolean {
    return !this.#faulted && this.#writer.writable;
  }

  /** Why an answer may not have been heard: `; …` or nothing. */
  get silence(): string {
    return this.#inbound.silence;
  }

  get stats(): ConnectionStats {
    const { messagesOut, bytesOut } = this.#writer;
    return { ...this.#inbound.stats, messagesOut, bytesOut, servicesRefused: this.#services.refused };
  }

  #request(request: PendingRequest, time: { readonly now: number; readonly waitMs: number }, params: string): number {
    const id = ++this.#lastId;
    const failure = this.#closed ?? this.#unsendable(request, time.waitMs, params);
    if (failure === undefined) {
      this.#pending.add(id, request, time);
      this.#writer.write(`{"jsonrpc":"2.0","id":${id},"method":"${request.method}","params":${params}}`);
    } else queueMicrotask(() => request.settle({ ok: false, failure }));
    return id;
  }

  #unsendable(request: PendingRequest, waitMs: number, params: string): Failure | undefined {
    const { plugin, maxMessageBytes } = this.#options;
    if (waitMs <= 0) return budgetSpent(plugin, request);
    return isLarger(params, maxMessageBytes) ? tooLarge(`send "${request.method}" to plugin "${plugin}"`, maxMessageBytes) : undefined;
  }

  #send(method: string, params: string): void {
    this.#writer.write(`{"jsonrpc":"2.0","method":"${method}","params":${params}}`);
  }

  /** Errors wait until the plugin reads; of one that goes on asking without reading the first ones only, for they may not pile up. */
  #refuse(id: string | number | null, code: ErrorCode, message: string): void {
    const answer = { id, error: wireError(new HostError(code, message)) };
    if (this.writable) this.#answer(answer);
    else if (this.#owed.length < MAX_OWED) this.#owed.push(answer);
  }

  /** Gives the length of what was written. */
  #answer(answer: RpcAnswer): number {
    const { plugin, maxMessageBytes } = this.#options;
    const text = answerText(answer, plugin, maxMessageBytes);
    this.#writer.write(text);
    return text.length;
  }

  #openRpc(): Rpc {
    return openRpc({
      serve: this.#options.serve,
      answer: (answer) => {
        const bytes = this.#answer(answer);
        this.#services.settled(answer.id, bytes);
      },
    });
  }

  #fault(code: ErrorCode, message: string): void {
    if (this.#faulted || this.#closed !== undefined) return;
    this.#faulted = true;
    this.#options.onFault({ code, message });
  }
}
