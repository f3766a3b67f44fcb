import { execFileSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadDocument } from '../../../host/registry/load-document.ts';
import { testWith } from '../../support/needs.ts';
import { manifest, writeFiles } from './write-files.ts';

test('loadDocument() reports every mistake with line, column, pointer and what would be right', async () => {
  const folder = await writeFiles({
    'plugin.yaml': 'name: x\nversion: 1.0.0\nruntime: {command: node}\nhooks:\n  conda.pre_command:\n    mode: explode\n    priorty: 5\n',
  });
  const file = join(folder, 'plugin.yaml');
  const { value, problems } = await loadDocument('manifest', file, { cacheDir: undefined });
  expect(value).toBeUndefined();
  expect(problems).toEqual([
    {
      severity: 'error',
      file,
      line: 7,
      column: 5,
      pointer: '/hooks/conda.pre_command/priorty',
      message: 'is not known here; did you mean "priority"?',
    },
    {
      severity: 'error',
      file,
      line: 6,
      column: 5,
      pointer: '/hooks/conda.pre_command/mode',
      message: 'must be one of "sequential", "transform", "audit", "concurrent", "fire_and_forget", "disabled"; got "explode"',
    },
  ]);
});

test.each<[string, string | Uint8Array, RegExp]>([
  ['a file that is too large', ' '.repeat(1024 * 1024 + 1), /larger than 256 KiB/],
  ['a file that is not UTF-8', new Uint8Array([0x61, 0xff, 0xfe]), /not UTF-8/],
])('loadDocument() refuses %s', async (_, content, reason) => {
  const folder = await writeFiles({ 'plugin.yaml': content });
  const { problems } = await loadDocument('manifest', join(folder, 'plugin.yaml'), { cacheDir: undefined });
  expect(problems[0]?.message).toMatch(reason);
});

test.each([
  ['a file that is missing', 'missing.yaml', /no such file/],
  ['a folder', '', /not a regular file|illegal operation/],
])('loadDocument() refuses %s', async (_, name, reason) => {
  const { problems } = await loadDocument('manifest', join(await writeFiles({}), name), { cacheDir: undefined });
  expect(problems[0]?.message).toMatch(reason);
});

test('loadDocument() takes an empty config as one that says nothing', async () => {
  const folder = await writeFiles({ 'outrigger.yaml': '# nothing yet\n' });
  expect((await loadDocument('config', join(folder, 'outrigger.yaml'), { cacheDir: undefined })).value).toEqual({});
});

test('loadDocument() takes an unchanged file from the cache, and still knows its lines', async () => {
  const folder = await writeFiles({ 'plugin.json': manifest('x') });
  const options = { cacheDir: join(folder, 'cache') };
  const file = join(folder, 'plugin.json');
  const first = await loadDocument('manifest', file, options);
  const entry = join(folder, 'cache/manifests', `${first.hash}.json`);
  await writeFile(entry, (await readFile(entry, 'utf8')).replace('"name":"x"', '"name":"from-the-cache"'));
  const second = await loadDocument('manifest', file, options);
  expect(second.value?.name).toBe('from-the-cache');
  expect(await second.locate('/version')).toEqual({ line: 3, column: 3 });
});

test('loadDocument() writes a corrupt cache entry again', async () => {
  const folder = await writeFiles({ 'plugin.json': manifest('x') });
  const options = { cacheDir: join(folder, 'cache') };
  const { hash } = await loadDocument('manifest', join(folder, 'plugin.json'), options);
  const entry = join(folder, 'cache/manifests', `${hash}.json`);
  await writeFile(entry, 'garbage');
  expect((await loadDocument('manifest', join(folder, 'plugin.json'), options)).value?.name).toBe('x');
  expect(JSON.parse(await readFile(entry, 'utf8')).value.name).toBe('x');
});

test('loadDocument() does not cache a file with a mistake', async () => {
  const folder = await writeFiles({ 'plugin.json': '{}' });
  await loadDocument('manifest', join(folder, 'plugin.json'), { cacheDir: folder });
  expect(await readdir(folder)).toEqual(['plugin.json']);
});

test('loadDocument() loads neither yaml nor ajv when the cache knows the file', async () => {
  const folder = await writeFiles({ 'plugin.yaml': JSON.stringify(manifest('x')) });
  const module = fileURLToPath(new URL('../../../host/registry/load-document.ts', import.meta.url));
  // Which of the two libraries a process has loaded shows in the CommonJS cache both of them end up in.
  const script = `
    import { createRequire } from 'node:module';
    import { loadDocument } from ${JSON.stringify(module)};
    const options = { cacheDir: ${JSON.stringify(join(folder, 'cache'))} };
    const { value } = await loadDocument('manifest', ${JSON.stringify(join(folder, 'plugin.yaml'))}, options);
    const loaded = Object.keys(createRequire(import.meta.url).cache).filter((file) => /node_modules.(yaml|ajv)/.test(file));
    console.log(JSON.stringify([value.name, loaded.length > 0]));
  `;
  const args = ['--conditions=@outrigger/source', '--input-type=module', '--eval', script];
  const run = () =>
    JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', cwd: fileURLToPath(new URL('.', import.meta.url)) }));
  expect(run()).toEqual(['x', true]);
  expect(run()).toEqual(['x', false]);
});

testWith('mkfifo', 'coreutils')('loadDocument() does not wait for a pipe, and reads no file without an end', async () => {
  const folder = await writeFiles({ 'real/plugin.yaml': '' });
  execFileSync('mkfifo', [join(folder, 'plugin.yaml')]);
  const problemOf = async (file: string) => (await loadDocument('manifest', file, { cacheDir: undefined })).problems[0]?.message;

  expect(await problemOf(join(folder, 'plugin.yaml'))).toContain('it is not a regular file');
  expect(await problemOf('/dev/zero')).toContain('it is not a regular file');
  // Of no size, as the kernel says, and longer than any limit.
  if (process.platform === 'linux') expect(await problemOf('/proc/kallsyms')).toContain('it is larger than 256 KiB');
});
