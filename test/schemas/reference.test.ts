import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ERRORS } from '../../host/protocol/errors.ts';
import { referenceMarkdown } from '../../schemas/reference.ts';
import { everySchema, ROOT, readJson } from './every-schema.ts';

const text = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');
const page = text('README.md');
const hooksPage = text('HOOKS.md');
const withoutCode = page.replace(/^```[\s\S]*?^```/gm, '');

test('README.md has a row for every error code, and for nothing else', () => {
  const rows = [...page.matchAll(/^\| `([A-Z][A-Z_]+)` +\|/gm)].map(([, code]) => code);

  expect(rows.sort()).toEqual(Object.keys(ERRORS).sort());
});

test('README.md mentions no error code that does not exist', () => {
  const mentioned =
    withoutCode.match(/\b(?:PLUGIN|ANSWER|EVENT|MESSAGE|EMIT|SERVICE|PROTOCOL|PERMISSION|QUOTA|HOOK|CATALOG|CONFIG)_[A-Z_]+\b/g) ?? [];

  expect(mentioned.length).toBeGreaterThan(0);
  expect(mentioned.filter((code) => !(code in ERRORS))).toEqual([]);
});

test('README.md and HOOKS.md describe every field of every schema', () => {
  for (const { path, schema } of everySchema) {
    const fields = Object.keys((schema['properties'] ?? {}) as object);
    expect(
      fields.filter((field) => !(path.startsWith('catalogs/') ? hooksPage : page).includes(`| \`${field}\``)),
      path,
    ).toEqual([]);
  }
});

/** Anchors of the headings of a page, as a browser of the repository makes them. */
function anchorsOf(text: string): string[] {
  return [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^a-z0-9_ -]/g, '')
      .replaceAll(' ', '-'),
  );
}

test.each([
  ['README.md', page],
  ['HOOKS.md', hooksPage],
])('%s links to headings that exist, each once', (name, text) => {
  const anchors = { 'README.md': anchorsOf(page), 'HOOKS.md': anchorsOf(hooksPage) } as Record<string, string[]>;
  const own = anchors[name] ?? [];
  const links = [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/\]\(([A-Z]+\.md)?#([^)]+)\)/g)];

  expect(own.filter((anchor, index) => own.indexOf(anchor) !== index)).toEqual([]);
  expect(links.length).toBeGreaterThan(5);
  expect(links.filter(([, page = name, link = '']) => !anchors[page]?.includes(link)).map(([link]) => link)).toEqual([]);
});

test('README.md gives Content-Length headers that count the bytes after them', () => {
  const messages = [...page.matchAll(/Content-Length: (\d+)\\r\\n\n. \\r\\n\n. (.*)\n/g)];

  expect(messages.length).toBeGreaterThan(5);
  for (const [, length, message = ''] of messages) expect(Buffer.byteLength(message)).toBe(Number(length));
});

test('referenceMarkdown() refuses a marker it does not know', () => {
  const sources = {
    read: readJson,
    examples: () => [],
    textIfAny: () => undefined,
    text: () => '{{weather}}',
    catalogs: [],
    errors: ERRORS,
  };

  expect(() => referenceMarkdown(sources)).toThrow('asks for "weather"');
});

test('referenceMarkdown() refuses a default that no description gives', () => {
  const sources = {
    read: readJson,
    examples: () => [],
    textIfAny: () => undefined,
    text: () => '{{default config plugins}}',
    catalogs: [],
    errors: ERRORS,
  };

  expect(() => referenceMarkdown(sources)).toThrow('"plugins" gives no default');
});
