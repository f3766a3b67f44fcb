import { isUtf8 } from 'node:buffer';
import { COUNTED_FROM, jsonWeight, textWeight, worstWeight } from '../protocol/json-weight.ts';
import { plainText } from './plain-text.ts';

/** A message once read may take this many times the largest size of one. */
export const HEAVIEST = 8;
const EDGE_BYTES = 200;

export interface Read {
  readonly message: {
    readonly id?: unknown;
    readonly method?: unknown;
    readonly params?: unknown;
    readonly result?: unknown;
    readonly error?: unknown;
  };
  readonly text: string;
  /** Roughly what the message takes, in bytes; undefined for one too small to be weighed. */
  readonly weight: number | undefined;
}

/** One message, or why it cannot be used: `broken` when it is no JSON, `heavy` when it was not even parsed. */
export type Parsed = Read | { readonly mistake: 'broken' | 'encoding' | 'shape' | 'heavy'; readonly why: string };

/** Parses one message. Many small values take far more memory than bytes: what would take too much is not parsed. */
export function parseMessage(bytes: Buffer, maxMessageBytes: number): Parsed {
  const isLarge = bytes.length > COUNTED_FROM;
  const mayBeHeavy = isLarge && worstWeight(bytes.length) > HEAVIEST * maxMessageBytes;
  const counted = mayBeHeavy ? jsonWeight(bytes) : undefined;
  if (counted !== undefined && counted > HEAVIEST * maxMessageBytes) return { mistake: 'heavy', why: tooHeavy(counted, maxMessageBytes) };
  const text = bytes.toString();
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch (error) {
    return { mistake: 'broken', why: `it is not JSON: ${plainText((error as Error).message.replace(' is not valid JSON', ''), 200)}` };
  }
  // Bytes that are no UTF-8 were replaced by U+FFFD, which a message may also contain for itself.
  if (text.includes('\ufffd') && !isUtf8(bytes)) return { mistake: 'encoding', why: 'it is not UTF-8' };
  if (Array.isArray(message)) return { mistake: 'shape', why: 'batches are not supported' };
  if (typeof message !== 'object' || message === null) return { mistake: 'shape', why: 'it is no object' };
  return { message, text, weight: counted ?? (isLarge ? textWeight(text) : undefined) };
}

/** True for what names a method at its beginning or end: a request or a notification, as far as can be told without parsing. */
export function looksLikeRequest(bytes: Buffer): boolean {
  const edges = bytes.toString('latin1', 0, EDGE_BYTES) + bytes.toString('latin1', Math.max(0, bytes.length - EDGE_BYTES));
  return /"method"\s*:/.test(edges);
}

function tooHeavy(weight: number, maxMessageBytes: number): string {
  const [needed, most] = [weight, HEAVIEST * maxMessageBytes].map((size) => Math.ceil(size / 1024 / 1024));
  return `it holds so many values that reading it would take about ${needed} MiB of memory, the limit is ${most} MiB; send it in parts`;
}
