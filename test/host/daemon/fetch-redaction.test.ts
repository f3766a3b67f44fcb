import { expect, test } from 'vitest';
import { FetchRedaction } from '../../../host/daemon/fetch-redaction.ts';

const SECRET = `Gr0\u00fc\u00dfe's "k&y" <a+b>/=?c d`;

function redaction(secrets: Record<string, string> = { KEY: SECRET }): FetchRedaction {
  const made = new FetchRedaction();
  for (const [name, value] of Object.entries(secrets)) made.add(name, value);
  return made;
}

const html = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const codes = (spell: (code: number) => string): string => [...SECRET].map((character) => spell(character.charCodeAt(0))).join('');

test.each<[string, string]>([
  ['as it is', SECRET],
  ['in capital letters', SECRET.replace(/[a-z]/g, (letter) => letter.toUpperCase())],
  ['in JSON', JSON.stringify(SECRET).slice(1, -1)],
  ['in JSON, every character escaped', codes((code) => `\\u${code.toString(16).padStart(4, '0')}`)],
  ['in a URL', encodeURIComponent(SECRET)],
  ['in a URL with small hexadecimal digits', encodeURIComponent(SECRET).replace(/%../g, (escaped) => escaped.toLowerCase())],
  ['in a URL, every byte', Buffer.from(SECRET).toString('hex').replace(/../g, '%$&')],
  ['in a form', new URLSearchParams({ a: SECRET }).toString().slice(2)],
  ['in hexadecimal', Buffer.from(SECRET).toString('hex')],
  ['in HTML', html(SECRET).replaceAll('"', '&quot;').replaceAll("'", '&#39;')],
  ['in HTML of another library', html(SECRET).replaceAll('"', '&#34;').replaceAll("'", '&#x27;')],
  ['in HTML, every character', codes((code) => `&#${code};`)],
  ['in base64', Buffer.from(SECRET).toString('base64').replace(/=+$/, '')],
  ['in base64 for URLs', Buffer.from(SECRET).toString('base64url')],
])('FetchRedaction finds a secret %s', (_name, spelling) => {
  expect(redaction().text(`<<${spelling}>>`)).toBe('<<[secret KEY]>>');
});

test.each(['x:', 'xy:', 'xyz:'])('FetchRedaction finds a secret in base64 behind "%s"', (before) => {
  const text = Buffer.from(`${before}${SECRET}:more behind`).toString('base64');

  const shown = redaction().text(text);

  expect(shown).toContain('[secret KEY]');
  expect(Buffer.from(shown.replace('[secret KEY]', ''), 'base64').length).toBeLessThanOrEqual(before.length + ':more behind'.length + 2);
});

test.each([false, true])('FetchRedaction finds a secret in UTF-16 (big-endian: %s)', (isBig) => {
  const bytes = Buffer.from(`<${SECRET}>`, 'utf16le');

  const shown = redaction().bytes(isBig ? bytes.swap16() : bytes);

  expect(Buffer.from(shown.filter((byte) => byte !== 0)).toString('latin1')).toBe('<[secret KEY]>');
});

test('FetchRedaction leaves nothing of secrets that overlap, and nothing of a longer one that begins alike', () => {
  expect(redaction({ A: 'aaaa1111', B: '11112222' }).text('<aaaa11112222>')).toBe('<[secret A]>');
  expect(redaction({ A: 'aaaa1111', B: 'aaaa11112222' }).text('<aaaa11112222>')).toBe('<[secret B]>');
  expect(redaction({ A: 'abababab' }).text('<ababababab>')).toBe('<[secret A]>');
});

test('FetchRedaction leaves bytes alone that hold no secret', () => {
  const bytes = Buffer.from([0, 255, 65, 0xc3, 0x28]);

  expect(redaction().bytes(bytes)).toBe(bytes);
  expect(new FetchRedaction().text('anything')).toBe('anything');
});

test('FetchRedaction does not look for a secret in the mark of another one', () => {
  expect(redaction({ SECRETS: 'value of one', B: '[secret SECRETS]' }).text('value of one')).toBe('[secret SECRETS]');
});
