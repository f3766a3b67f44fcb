import type { ErrorCode } from './errors.ts';

/** Structured log: JSON lines on stderr in the command line, anything the application likes when embedded. */
export interface Logger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Tells that something was cancelled: an AbortSignal, or less. */
export interface CancelSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** A failure as a value. */
export interface Failure {
  readonly code: ErrorCode;
  /** One sentence: what failed, the quoted value, the cause, what would be right. */
  readonly message: string;
}
