/** From this size on what a message takes is counted; below it is estimated, so that small ones cost no second look. */
export const COUNTED_FROM: number = 64 * 1024;
/** Measured: what V8 takes for an object, an array or a named value beside its text, and for each further item. */
const VALUE_BYTES = 80;
const ITEM_BYTES = 8;
/** Of small messages: half the worst case, several times the usual one. */
const SMALL_FACTOR = 8;

/** So many pieces of a large text are looked at when it is estimated, each of so many characters. */
const PIECES = 96;
const PIECE = 64;

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

/** Most that JSON of this size can take once it is parsed, in bytes: each of them begins an array. */
export function worstWeight(bytes: number): number {
  return bytes * (VALUE_BYTES + 1);
}

/**
 * Roughly what a JSON text takes once it is parsed, in bytes. Of a large one, pieces from random places are weighed, since going
 * through all of it takes half as long as parsing it. By chance too much or too little, but right on average whatever the text is.
 */
export function textWeight(json: string): number {
  if (json.length <= COUNTED_FROM) return smallWeight(json.length);
  let weight = 0;
  for (let piece = 0; piece < PIECES; piece++) weight += weighed(json, 1 + Math.floor(Math.random() * (json.length - PIECE)));
  return (weight / (PIECES * PIECE)) * json.length;
}

/** Of one piece; what looks like an item or a value inside a text counts as one too. */
function weighed(json: string, from: number): number {
  let weight = PIECE;
  let before = json.charCodeAt(from - 1);
  for (let at = from; at < from + PIECE; at++) {
    const code = json.charCodeAt(at);
    if (code === COMMA) weight += ITEM_BYTES;
    else if (code === OPEN_BRACE || code === OPEN_BRACKET || (code === COLON && before === QUOTE)) weight += VALUE_BYTES;
    before = code;
  }
  return weight;
}

/** The same by one pass over all of it; ten megabytes of `{},{},…` take two hundred. */
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
