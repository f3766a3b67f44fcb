import { COUNTED_FROM, ITEM_BYTES, jsonWeight, VALUE_BYTES } from '../protocol/json-weight.ts';

/** So many pieces of a large text are weighed, each of so many characters. */
const PIECES = 96;
const PIECE = 256;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;

/**
 * Roughly what a JSON text takes once it is parsed, in bytes. Of a large one, pieces from random places are weighed, since going
 * through all of it takes half as long as parsing it. By chance too much or too little, but right on average whatever the text is.
 */
export function textWeight(json: string): number {
  if (json.length <= COUNTED_FROM) return jsonWeight(json);
  let weight = 0;
  for (let piece = 0; piece < PIECES; piece++) weight += weighed(json, Math.floor(Math.random() * (json.length - PIECE)));
  return (weight / (PIECES * PIECE)) * json.length;
}

/** Of one piece; what looks like an item or a value inside a text counts as one too. */
function weighed(json: string, from: number): number {
  let weight = PIECE;
  let before = 0;
  for (let at = from; at < from + PIECE; at++) {
    const code = json.charCodeAt(at);
    if (code === COMMA) weight += ITEM_BYTES;
    else if (code === OPEN_BRACE || code === OPEN_BRACKET || (code === COLON && before === QUOTE)) weight += VALUE_BYTES;
    before = code;
  }
  return weight;
}
