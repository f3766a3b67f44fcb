import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { debugHint, LANGUAGES, type Language, writePlugin } from '../../../host/conformance/new-plugin.ts';
import { loadCatalogs } from '../../../host/registry/load-catalogs.ts';

const HOSTILE = `end */ of \\' it'''"""\`{{name}}\n#!{}\\`;

async function write(language: Language, name = 'mine'): Promise<{ read: (file: string) => string; files: readonly string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-new-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const properties = { [`x\n${HOSTILE}`]: {}, 'the field': { type: 'string', description: HOSTILE, const: "it's `#1`" } };
  const hook = {
    description: HOSTILE,
    payload: { type: 'object', properties, required: ['the field'] },
    allows: [],
    timeoutMs: 1,
    budgetMs: 1,
  };
  const { hooks } = await loadCatalogs({ objects: [{ name: 'odd', version: 1, description: 'Odd.', hooks: { call: hook } } as never] });
  const { files } = writePlugin({ name, language, folder, hooks: [...hooks.values()] });
  return { files, read: (file) => readFileSync(join(folder, file), 'utf8') };
}

test.each(LANGUAGES)('writePlugin() in %s lets no catalog out of its comments and quotes', async (language) => {
  const { files, read } = await write(language);

  for (const file of files.filter((name) => !/\.(md|yaml)$/.test(name))) {
    const text = read(file);
    // What the catalog says stands on comment lines only, and ends none of them early.
    for (const line of text.split('\n').filter((one) => one.includes('end'))) {
      if (line.includes('of ')) expect(line).toMatch(/^\s*(#|\/\/)[^']*[^\\]$/);
    }
    expect(text).not.toContain('{{');
    if (text.includes('the field": ') || text.includes('"the field":')) expect(text).toContain('it\\u0027s \\u0060\\u00231\\u0060');
  }
});

test('writePlugin() in rust logs the command without quotes', async () => {
  const { hooks } = await loadCatalogs({ names: ['conda'] });
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-new-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const hook = hooks.get('conda.pre_command');

  writePlugin({ name: 'mine', language: 'rust', folder, hooks: hook === undefined ? [] : [hook] });

  // A Value shows itself as JSON.
  expect(readFileSync(join(folder, 'src/main.rs'), 'utf8')).toContain('ev.payload["command"].as_str()');
});

test('writePlugin() lets an observed hook point be observed', async () => {
  const { read } = await write('bash');

  expect(read('plugin.yaml')).toContain('  odd.call:\n    mode: fire_and_forget\n');
});

test.each(['Bad', '../up', '', 'a/b', '.hidden'])('writePlugin() refuses the name %j', async (name) => {
  await expect(write('bash', name)).rejects.toThrow(`Cannot name a plugin "${name}"`);
});

test('writePlugin() writes into no folder that holds something', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-new-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'mine.txt'), '');

  expect(() => writePlugin({ name: 'a', language: 'bash', folder, hooks: [] })).toThrow('it is not empty');
});

test('writePlugin() says why there can be no folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-new-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'mine.txt');
  writeFileSync(file, '');

  expect(() => writePlugin({ name: 'a', language: 'bash', folder: file, hooks: [] })).toThrow(
    `Cannot write a plugin into "${file}": EEXIST`,
  );
});

test('writePlugin() cuts what a catalog says of a field after a sentence or a word', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-new-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const properties = { a: { description: `One sentence. ${'word '.repeat(40)}` }, b: { description: 'word '.repeat(40) } };
  const hook = { description: 'Odd.', payload: { type: 'object', properties }, allows: [], timeoutMs: 1, budgetMs: 1 };
  const { hooks } = await loadCatalogs({ objects: [{ name: 'odd', version: 1, description: 'Odd.', hooks: { call: hook } } as never] });

  writePlugin({ name: 'a', language: 'bash', folder, hooks: [...hooks.values()] });

  const lines = readFileSync(join(folder, 'plugin.sh'), 'utf8').split('\n');
  expect(lines.filter((line) => line.includes('may be missing'))).toEqual([
    expect.stringMatching(/: One sentence\.$/),
    expect.stringMatching(/word …$/),
  ]);
});

test.each(LANGUAGES)('debugHint() knows how to look into a plugin in %s', (language) => {
  expect(debugHint(language)).not.toBe('');
});
