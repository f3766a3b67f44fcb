import { stripVTControlCharacters } from 'node:util';

// Controls but newline and tab, and what turns the direction of writing: a line must not look like another one.
const UNSAFE = /[^\P{Cc}\n\t]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
/** Line ends of other alphabets, which some terminals and editors break lines at. */
const LINE_ENDS = /[\u2028\u2029]/gu;

/**
 * A plugin's text made safe for terminals and log files: no escape sequences, no control characters but newline and tab, no marks of
 * direction, no other line ends.
 */
export function plainText(text: string, maxLength = 8192): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  return stripVTControlCharacters(cut).replace(LINE_ENDS, ' ').replace(UNSAFE, '');
}

/** The first characters of unknown bytes in one printable line, control characters and the like written as `\x1b`. */
export function sample(bytes: Buffer, maxLength = 120): string {
  const text = bytes.toString('utf8', 0, maxLength);
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped).slice(0, maxLength);
}

function escaped(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  if (code.length <= 2) return `\\x${code.padStart(2, '0')}`;
  return code.length <= 4 ? `\\u${code.padStart(4, '0')}` : `\\u{${code}}`;
}
