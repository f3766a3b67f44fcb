import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkConfig } from '../../../host/registry/check-config.ts';
import { writeFiles } from './write-files.ts';

const schema = { type: 'object', properties: { greeting: { type: 'string', default: 'hi' } }, additionalProperties: false };

test('checkConfig() fills in defaults and leaves the original as it is', async () => {
  const config = {};
  expect(await checkConfig(config, schema, undefined)).toEqual({ config: { greeting: 'hi' } });
  expect(config).toEqual({});
});

test('checkConfig() without a schema takes anything', async () => {
  expect(await checkConfig({ a: 1 }, undefined, undefined)).toEqual({ config: { a: 1 } });
});

test('checkConfig() describes every mistake', async () => {
  expect(await checkConfig({ greeting: 1, greting: 'x' }, schema, undefined)).toEqual({
    issues: [
      { pointer: '/greting', message: 'is not known here; did you mean "greeting"?' },
      { pointer: '/greeting', message: 'must be a string; got 1' },
    ],
  });
});

test('checkConfig() refuses a schema it cannot use', async () => {
  expect(await checkConfig({}, { pattern: 'x' }, undefined)).toEqual({
    schemaProblem: expect.stringMatching(/^Cannot use configSchema: /),
  });
});

test('checkConfig() takes the same question from the cache', async () => {
  const folder = await writeFiles({});
  await checkConfig({}, schema, folder);
  const [name = ''] = await readdir(join(folder, 'plugin-configs'));
  const file = join(folder, 'plugin-configs', name);
  await writeFile(file, (await readFile(file, 'utf8')).replace('"hi"', '"cached"'));
  expect(await checkConfig({}, schema, folder)).toEqual({ config: { greeting: 'cached' } });
  expect(await checkConfig({ greeting: 'hey' }, schema, folder)).toEqual({ config: { greeting: 'hey' } });
});
