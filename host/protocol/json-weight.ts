/** From this size on what a message takes is counted; below it is estimated, so that small ones cost no second look. */
export const COUNTED_FROM: number = 64 * 1024;
/** Measured: what V8 takes for an object, an array or a named value beside its text, and for each further item. */
export const VALUE_BYTES: number = 80;
export const ITEM_BYTES: number = 8;
/** Of small messages: half the worst case, several times the usual one. */
const SMALL_FACTOR = 8;

const SHORT_TEXT = 64;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;

/** Roughly what JSON of this size takes once it is parsed, in bytes, for one that is not worth counting. */
export function smallWeight(bytes: number): number {
  return bytes * SMALL_FACTOR;
}

/** Roughly what JSON takes once it is parsed, in bytes; ten megabytes of `{},{},…` take two hundred. One pass over a large one. */
export function jsonWeight(json: Buffer | string): number {
  if (json.length <= COUNTED_FROM) return smallWeight(json.length);
  return countedWeight(typeof json === 'string' ? Buffer.from(json) : json);
}

function countedWeight(bytes: Buffer): number {
  let weight = bytes.length;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) at = endOfText(bytes, at + 1);
    else if (byte === COMMA) weight += ITEM_BYTES;
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET || byte === COLON) weight += VALUE_BYTES;
  }
  return weight;
}

/** Where the closing quote stands. A long text is searched for it by machine code, which a call for each short one would be too dear for. */
function endOfText(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length) {
    const near = Math.min(bytes.length, at + SHORT_TEXT);
    while (at < near && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
    if (at < near) return at;
    const end = bytes.indexOf(QUOTE, at);
    if (end === -1) return bytes.length;
    if (!isEscaped(bytes, at, end)) return end;
    at = end + 1;
  }
  return at;
}

function isEscaped(bytes: Buffer, from: number, quote: number): boolean {
  let first = quote;
  while (first > from && bytes[first - 1] === BACKSLASH) first--;
  return (quote - first) % 2 === 1;
}
