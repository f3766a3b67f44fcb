import type { ErrorCode } from './errors.ts';

/** Structured log: JSON lines on stderr in the command line, anything the application likes when embedded. */
export interface Logger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** A failure as a value. */
export interface Failure {
  readonly code: ErrorCode;
  /** One sentence: what failed, the quoted value, the cause, what would be right. */
  readonly message: string;
}
