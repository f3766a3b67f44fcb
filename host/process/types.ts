import type { Duplex, Readable, Writable } from 'node:stream';
import type { Failure } from '../protocol/types.ts';

/** How to start one process; drivers of `sandbox/` turn it into a stricter one. Nothing is inherited from the host. */
export interface LaunchSpec {
  /** Plugin name, for messages. */
  readonly plugin: string;
  /** Absolute path of the program. */
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * More descriptors, 3, 4 …; for what wraps a plugin. Each is what the process reads there, from a file without a name, or undefined for a
   * pipe both ways.
   */
  readonly pipes?: readonly (Uint8Array | undefined)[];
  /** What it wraps is not trusted: it must not start with a descriptor of the host that cannot be closed. */
  readonly isConfined?: boolean;
  /** Its program asks the kernel by itself to be ended with the host: nothing has to be put before it for that. */
  readonly endsWithHost?: boolean;
}

/** How a process ended. Exactly one of `code`, `signal`, `error` is set. */
export interface Exit {
  /** Set when a limit ended it: what it exceeded, one clause for people. */
  readonly limit?: { readonly kind: 'memory' | 'disk'; readonly message: string };
  readonly code?: number;
  readonly signal?: NodeJS.Signals;
  /** It could not be spawned at all. */
  readonly error?: Error;
}

/** A running process, leader of its own process group. */
export interface Child {
  readonly pid: number | undefined;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** The pipes on descriptors 3, 4 …, both ways; undefined where the process reads what it was given. */
  readonly pipes: readonly (Duplex | undefined)[];
  /** Settles at the process's own `exit`, even when a grandchild still holds its pipes. Never rejects. */
  readonly exited: Promise<Exit>;
  /** Sends a signal to the whole process group; false when there is nothing left to signal. */
  signal(signal: NodeJS.Signals): boolean;
}

/** How a request ended: exactly one of these, exactly once. */
export type Reply =
  | {
      readonly ok: true;
      readonly result: unknown;
      readonly bytes: number;
      /** The whole message. */
      readonly text?: string | undefined;
      /** Roughly what the message takes once parsed, in bytes; undefined for one too small to be counted. */
      readonly weight?: number | undefined;
    }
  | {
      readonly ok: false;
      readonly failure: Failure;
      readonly data?: unknown;
      /** JSON-RPC number of an error that the plugin answered with. */
      readonly wireCode?: number;
    };

/** Counters of one connection; they only grow. */
export interface ConnectionStats {
  messagesIn: number;
  messagesOut: number;
  bytesIn: number;
  bytesOut: number;
  /** Stray lines on stdout that were skipped. */
  pollutionLines: number;
  /** First bytes of the first stray line, printable. */
  pollutionSample: string | undefined;
  /** Lines or frames that looked like messages and were not: bad JSON, bad UTF-8, bad lengths, batches. */
  invalidMessages: number;
  /** Answers to requests that had been given up. */
  lateReplies: number;
  /** Answers to requests that were never made, or were answered before. */
  unknownReplies: number;
  logsDropped: number;
  servicesRefused: number;
}
