import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Validator } from '@outrigger/schemas';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { trustedValidators } from '../../../host/registry/kept-validators.ts';

const SCHEMAS = new Map<string, Readonly<Record<string, unknown>>>([
  ['/hooks/a/payload', { type: 'object', properties: { a: { type: 'string' } } }],
  ['/hooks/a/replaceSchema', { type: 'string', minLength: 2 }],
]);
let cacheDir: string;

beforeEach(() => {
  cacheDir = mkdtempSync(join(tmpdir(), 'outrigger-kept-'));
});
afterEach(() => rmSync(cacheDir, { recursive: true }));

function kept(): string[] {
  return readdirSync(join(cacheDir, 'validators')).map((name) => join(cacheDir, 'validators', name));
}

/** The answers of a fresh process, and whether it loaded ajv. */
function inAnotherProcess(): unknown {
  const module = new URL('../../../host/registry/kept-validators.ts', import.meta.url);
  const script = `import { trustedValidators } from ${JSON.stringify(module.href)};
    const made = await trustedValidators(new Map(${JSON.stringify([...SCHEMAS])}), ${JSON.stringify(cacheDir)});
    const isLoaded = Object.keys((await import('node:module')).createRequire(import.meta.url).cache).some((file) => file.includes('/ajv/'));
    console.log(JSON.stringify([made.get('/hooks/a/payload')({ a: 1 }), made.get('/hooks/a/replaceSchema')('ab'), isLoaded]));`;
  const args = ['--conditions=@outrigger/source', '--input-type=module', '-e', script];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: import.meta.dirname, encoding: 'utf8' }));
}

test('trustedValidators() makes validators, and keeps them for the next start, which loads no ajv', async () => {
  const made = await trustedValidators(SCHEMAS, cacheDir);

  expect((made.get('/hooks/a/payload') as Validator)({ a: 'x' })).toBe(true);
  expect(kept()).toHaveLength(1);
  expect(inAnotherProcess()).toEqual([false, true, false]);
});

test('trustedValidators() without what was kept loads ajv', () => {
  expect(inAnotherProcess()).toEqual([false, true, true]);
});

test('trustedValidators() makes anew what is kept in a folder that others may write', async () => {
  await trustedValidators(SCHEMAS, cacheDir);
  chmodSync(join(cacheDir, 'validators'), 0o777);

  expect(inAnotherProcess()).toEqual([false, true, true]);
});

test('trustedValidators() makes anew what cannot be read', async () => {
  await trustedValidators(SCHEMAS, cacheDir);
  const [file = ''] = kept();
  const entry = JSON.parse(readFileSync(file, 'utf8')) as { stamp: string; value: [string, string][] };
  writeFileSync(file, JSON.stringify({ ...entry, value: entry.value.map(([name]) => [name, 'module.exports = 1']) }));

  expect(inAnotherProcess()).toEqual([false, true, true]);
});

test('trustedValidators() makes anew what was kept of some schemas only', async () => {
  await trustedValidators(SCHEMAS, cacheDir);
  const [file = ''] = kept();
  const entry = JSON.parse(readFileSync(file, 'utf8')) as { stamp: string; value: [string, string][] };
  writeFileSync(file, JSON.stringify({ ...entry, value: entry.value.slice(1) }));

  expect(inAnotherProcess()).toEqual([false, true, true]);
});

test('trustedValidators() has the mistake in the place of the validator, and keeps nothing then', async () => {
  const made = await trustedValidators(new Map([...SCHEMAS, ['/hooks/b/payload', { type: 'nope' }]]), cacheDir);

  expect(made.get('/hooks/a/payload')).toBeTypeOf('function');
  expect(made.get('/hooks/b/payload')).toEqual(
    expect.objectContaining({ message: expect.stringContaining('schema is invalid: data/type') }),
  );
  expect(() => kept()).toThrow('ENOENT');
});
