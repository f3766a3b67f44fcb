import type { Failure } from '../protocol/types.ts';

/** Whether a text is larger than `bytes` in UTF-8; counts only when its length does not tell. */
export function isLarger(text: string, bytes: number): boolean {
  return text.length > bytes || (text.length * 3 > bytes && Buffer.byteLength(text) > bytes);
}

/** `action` reads on from "Cannot". */
export function tooLarge(action: string, maxBytes: number): Failure {
  return { code: 'MESSAGE_TOO_LARGE', message: `Cannot ${action}: the message is larger than ${maxBytes} bytes` };
}
