import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ERRORS, type ErrorCode, errorText, HostError, wireNumber } from '../../../host/protocol/errors.ts';

const ROOT = new URL('../../../', import.meta.url);
const codes = Object.keys(ERRORS) as ErrorCode[];

/** The text of every program below a folder, fixtures in any language included. */
function textOf(folder: string, skip: readonly string[]): string {
  return readdirSync(new URL(folder, ROOT), { withFileTypes: true })
    .filter(({ name }) => !['node_modules', 'dist', 'generated', ...skip].includes(name))
    .map((entry) => {
      if (entry.isDirectory()) return textOf(`${folder}${entry.name}/`, skip);
      return /\.(m?[jt]s|py|sh)$/.test(entry.name) ? readFileSync(new URL(folder + entry.name, ROOT), 'utf8') : '';
    })
    .join('\n');
}

function missingFrom(text: string): string[] {
  return codes.filter((code) => !new RegExp(`\\b${code}\\b`).test(text));
}

test('every code is produced somewhere in the host or the SDK', () => {
  expect(missingFrom(textOf('host/', ['errors.ts']) + textOf('sdk/', []))).toEqual([]);
});

test('every code is expected by some test', () => {
  expect(missingFrom(textOf('test/', ['errors.test.ts']))).toEqual([]);
});

test('every code has a meaning: one sentence without a full stop', () => {
  for (const code of codes) expect(ERRORS[code].meaning, code).toMatch(/^(?:[A-Z]|before|hook\/emit).*[^.]$/);
});

test('wire numbers are those JSON-RPC reserves, or its range for servers and cancellation', () => {
  for (const code of codes) {
    const number = wireNumber(code);
    const isReserved = number >= -32768 && number <= -32600;
    const isServer = number >= -32099 && number <= -32000;
    expect(isReserved || isServer || number === -32800, `${code} ${number}`).toBe(true);
  }
});

test('wire numbers name one code each, but for the two ways in which the host itself fails', () => {
  const numbers = codes.flatMap((code) => ('wire' in ERRORS[code] ? [[code, wireNumber(code)] as const] : []));
  const shared = numbers.filter(([, number], index) => numbers.findIndex(([, other]) => other === number) !== index);

  expect(shared.map(([code]) => code)).toEqual(['INTERNAL_ERROR']);
});

test('wireNumber() gives the number of an internal error for a code that never crosses the wire', () => {
  expect(wireNumber('CONFIG_INVALID')).toBe(-32603);
});

test('HostError keeps code, cause and data', () => {
  const cause = new Error('disk');
  const error = new HostError('STORAGE_FAILED', 'Cannot read "x"', { cause, data: { file: 'x' } });

  expect(error).toMatchObject({ name: 'HostError', code: 'STORAGE_FAILED', message: 'Cannot read "x"', cause, data: { file: 'x' } });
});

test('HostError has no cause when none is given', () => {
  expect('cause' in new HostError('HOOK_UNKNOWN', 'x')).toBe(false);
});

test.each([
  ['an error', new Error('oh no'), 'oh no'],
  ['a text', 'oh no', 'oh no'],
  ['nothing', undefined, 'undefined'],
  ['what has no text', Object.create(null), 'something that cannot be shown as text'],
  ['a message that is a symbol', Object.assign(new Error(), { message: Symbol('x') }), 'something that cannot be shown as text'],
])('errorText() of %s', (_what, thrown, text) => {
  expect(errorText(thrown)).toBe(text);
});
