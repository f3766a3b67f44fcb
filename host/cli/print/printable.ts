// C0 and C1 controls, the marks that turn the direction of writing, and the two separators terminals take for line ends.
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;
const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\u001b': '\\e' };

/** A text from a plugin made safe for a terminal: one line, no escape sequences. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => NAMED[character] ?? code(character));
}

/** The same, but lines stay lines and tabs stay tabs. */
export function printableLines(text: string): string {
  return text.replace(UNSAFE, (character) =>
    character === '\n' || character === '\t' ? character : (NAMED[character] ?? code(character)),
  );
}

/** A JSON value on one line; nothing at all is a dash. */
export function printableValue(value: unknown): string {
  return value === undefined ? '–' : printable(JSON.stringify(value) ?? '–');
}

/** JSON that says the same without a character a terminal would act upon; JSON itself only escapes those below U+0020. */
export function printableJson(value: unknown, indent?: number): string {
  const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value, undefined, indent).replace(UNSAFE, (character) => (character === '\n' ? character : escaped(character)));
}

function code(character: string): string {
  const hex = character.charCodeAt(0).toString(16);
  return hex.length <= 2 ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`;
}
