import { stripVTControlCharacters } from 'node:util';

/** A plugin's text made safe for terminals and log files: no escape sequences, no control characters but newline and tab. */
export function plainText(text: string, maxLength = 8192): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  return stripVTControlCharacters(cut).replace(/[^\P{Cc}\n\t]/gu, '');
}

/** The first characters of unknown bytes in one printable line, control characters written as `\x1b`. */
export function sample(bytes: Buffer, maxLength = 120): string {
  const text = bytes.toString('utf8', 0, maxLength);
  return text.replace(/\p{Cc}/gu, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`).slice(0, maxLength);
}
