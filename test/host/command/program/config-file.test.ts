import { execFileSync } from 'node:child_process';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  findConfigFile,
  MAX_CONFIG_BYTES,
  readConfigFile,
  readScalar,
  writeConfigFile,
} from '../../../../host/command/program/config-file.ts';
import { testWith } from '../../../support/needs.ts';

let cwd: string;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'outrigger-config-'));
});

afterEach(() => rm(cwd, { recursive: true, force: true }));

describe('findConfigFile()', () => {
  const find = (path: string, extension: '.yaml' | '.json' = '.yaml') => findConfigFile(path, { cwd, extension });

  test('adds the preferred extension when there is no file', async () => {
    expect(await find('a')).toEqual({ path: join(cwd, 'a.yaml'), exists: false });
    expect(await find('a', '.json')).toEqual({ path: join(cwd, 'a.json'), exists: false });
  });

  test('takes YAML before JSON when both are there, unless JSON is preferred', async () => {
    for (const name of ['a.json', 'a.yml']) await writeFile(join(cwd, name), '{}');
    expect(await find('a')).toEqual({ path: join(cwd, 'a.yml'), exists: true });
    expect(await find('a', '.json')).toEqual({ path: join(cwd, 'a.json'), exists: true });
    expect(await find('a.json')).toEqual({ path: join(cwd, 'a.json'), exists: true });
  });

  test('refuses other extensions, and a path that cannot be looked at', async () => {
    await expect(find('a.toml')).rejects.toThrow('Cannot use config file "a.toml": its name must end with .yaml, .yml, .json');
    await writeFile(join(cwd, 'file'), '');
    await expect(find('file/a.yaml')).rejects.toThrow('Cannot look for config file');
  });
});

describe('readConfigFile()', () => {
  const read = async (name: string, text: string | Uint8Array) => {
    await writeFile(join(cwd, name), text);
    return readConfigFile(join(cwd, name));
  };

  test.each([
    ['a.yaml', 'x: 1\ny: [a, b]\n', { x: 1, y: ['a', 'b'] }],
    ['a.yml', '# nothing\n', {}],
    ['a.json', '{"x": null}', { x: null }],
    ['A.JSON', '{"x": 1}', { x: 1 }],
    ['a.yaml', 'base: &b {x: 1}\ncopy: *b\n', { base: { x: 1 }, copy: { x: 1 } }],
  ])('reads %s with %j', async (name, text, value) => {
    expect((await read(name, text)).value).toEqual(value);
  });

  test.each([
    ['a key that sets a prototype', 'a.yaml', '__proto__:\n  polluted: true\n', 'a.yaml:1:1": the key "__proto__" is not allowed'],
    ['such a key in JSON', 'a.json', '{"x": {"__proto__": {"polluted": true}}}', 'the key "__proto__" is not allowed'],
    ['an anchor that holds itself', 'a.yaml', 'x: &a [1, *a]\n', 'it is nested too deeply or holds itself'],
    ['a map that holds itself', 'a.yaml', '&a x: &b\n  y: *b\n', 'it is nested too deeply or holds itself'],
    ['aliases that unfold without end', 'a.yaml', bomb(), 'its aliases unfold to more than 100 nodes'],
    ['deep nesting', 'a.yaml', '['.repeat(5000), 'nested too deeply'],
    ['deep nesting in JSON', 'a.json', `${'['.repeat(500)}${']'.repeat(500)}`, 'nested too deeply'],
    ['bytes that are no UTF-8', 'a.yaml', Uint8Array.of(0x78, 0x3a, 0x20, 0xff, 0xfe), 'it is not UTF-8 text'],
    ['a huge file', 'a.yaml', `x: ${'a'.repeat(MAX_CONFIG_BYTES)}`, 'it is larger than 1024 KiB'],
    ['a key that stands there twice', 'a.yaml', 'x: 1\nx: 2\n', 'a.yaml:2:1": the key "x" stands here for the second time'],
    ['a tag that makes something', 'a.yaml', 'x: !!js/function "() => 1"\n', 'Cannot read'],
    ['two documents', 'a.yaml', 'x: 1\n---\nx: 2\n', 'Cannot read'],
    ['broken JSON', 'a.json', '{"x": 1,}', 'a.json:1:9"'],
    ['a number that is none', 'a.yaml', 'x: .inf\n', 'it holds Infinity, which is no JSON'],
  ])('refuses %s', async (_what, name, text, message) => {
    await expect(read(name, text)).rejects.toThrow(message);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test('refuses a folder', async () => {
    await mkdir(join(cwd, 'a.yaml'));
    await expect(readConfigFile(join(cwd, 'a.yaml'))).rejects.toThrow('it is not a regular file');
  });

  test('says where a field stands', async () => {
    expect((await read('a.yaml', 'x:\n  y: 1\n')).locate('/x/y')).toBe(`${join(cwd, 'a.yaml')}:2:3`);
  });
});

describe('writeConfigFile()', () => {
  test('writes what readConfigFile() reads, in both formats', async () => {
    const config = { text: 'yes', number: 1.5, list: [1, 'a'], map: { x: null }, day: 'no: "really"' };
    for (const name of ['a.yaml', 'a.json']) {
      await writeConfigFile(join(cwd, name), config);
      expect((await readConfigFile(join(cwd, name))).value).toEqual(config);
    }
    expect(await readFile(join(cwd, 'a.json'), 'utf8')).toContain('\n    "text": "yes",\n');
  });

  test('refuses a field that is no data, and leaves no file', async () => {
    const writing = writeConfigFile(join(cwd, 'a.yaml'), { deep: [{ run: () => 1 }] });
    await expect(writing).rejects.toThrow(`Cannot write "${join(cwd, 'a.yaml')}": the field "/deep/0/run" is no data`);
    expect(await readdir(cwd)).toEqual([]);
  });

  test('refuses a folder that cannot be made', async () => {
    await writeFile(join(cwd, 'file'), '');
    await expect(writeConfigFile(join(cwd, 'file', 'a.yaml'), {})).rejects.toThrow('Cannot write');
  });

  test('writes where a link leads to, not over the link', async () => {
    await writeFile(join(cwd, 'real.yaml'), '');
    await symlink('real.yaml', join(cwd, 'a.yaml'));
    await writeConfigFile(join(cwd, 'a.yaml'), { x: 1 });
    expect((await lstat(join(cwd, 'a.yaml'))).isSymbolicLink()).toBe(true);
    expect(await readFile(join(cwd, 'real.yaml'), 'utf8')).toBe('x: 1\n');
  });
});

describe('readScalar()', () => {
  test.each([
    ['1', 1],
    ['true', true],
    ['null', null],
    ['', null],
    ['text', 'text'],
    ['[1, 2]', [1, 2]],
    ['{a: 1}', { a: 1 }],
  ])('reads %j', async (text, value) => {
    expect(await readScalar(text)).toEqual({ value });
  });

  test.each(['[1', '*a', '&a [*a]', '{__proto__: 1}', '.nan'])('takes %j for no value', async (text) => {
    expect(await readScalar(text)).toBeUndefined();
  });
});

/** Lists of lists of aliases: ten levels make ten thousand million items. */
function bomb(): string {
  const levels = Array.from(
    { length: 10 },
    (_, level) =>
      `l${level}: &l${level} [${Array(10)
        .fill(level === 0 ? 'x' : `*l${level - 1}`)
        .join(', ')}]`,
  );
  return `${levels.join('\n')}\n`;
}

testWith('mkfifo', 'coreutils')('readConfigFile() does not wait for a pipe that nobody writes into', async () => {
  execFileSync('mkfifo', [join(cwd, 'a.yaml')]);
  await expect(readConfigFile(join(cwd, 'a.yaml'))).rejects.toThrow('it is not a regular file');
});
