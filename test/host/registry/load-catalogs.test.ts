import { join } from 'node:path';
import type { Catalog } from '@outrigger/schemas';
import { expect, test } from 'vitest';
import { loadCatalogs } from '../../../host/registry/load-catalogs.ts';
import { writeFiles } from './write-files.ts';

const payload = { type: 'object', properties: { id: { type: 'string' } }, required: ['id'], additionalProperties: false };
const app = (changes: object = {}): Catalog => ({ name: 'app', hooks: { go: { description: 'Goes', payload, ...changes } } });

test('loadCatalogs() uses the validators that ship with Outrigger', async () => {
  const { hooks, problems } = await loadCatalogs({ names: ['conda'] });
  const { preCommand, preCommandReplace } = await import('@outrigger/schemas/validate-catalog-conda');
  const hook = hooks.get('conda.pre_command');
  expect(problems).toEqual([]);
  expect(hook?.validatePayload).toBe(preCommand);
  expect(hook?.validateReplace).toBe(preCommandReplace);
  expect(hook?.pairs).toEqual(['conda.post_command', 'conda.on_exception']);
});

test('loadCatalogs() fills in defaults', async () => {
  const { hooks } = await loadCatalogs({ objects: [app()] });
  expect(hooks.get('app.go')).toMatchObject({
    name: 'app.go',
    timeoutMs: 5000,
    budgetMs: 30_000,
    onFailure: undefined,
    idempotent: false,
    ordered: false,
    highFirst: false,
    tiesByName: false,
    writable: [],
    validateReplace: undefined,
  });
});

test.each([
  [{ timeoutMs: 60_000 }, 60_000, 60_000],
  [{ budgetMs: 100 }, 100, 100],
])('loadCatalogs() keeps timeout and budget of %j in step', async (changes, timeoutMs, budgetMs) => {
  const { hooks } = await loadCatalogs({ objects: [app(changes)] });
  expect(hooks.get('app.go')).toMatchObject({ timeoutMs, budgetMs });
});

test.each<[string, object, RegExp]>([
  ['an unknown field', { alows: [] }, /^Cannot use catalog "app": \/hooks\/go\/alows: is not known here; did you mean "allows"\?$/],
  ['a rule without its partner', { allows: ['replace'] }, /\/hooks\/go\/allows: "replace" needs "replaceSchema"/],
  [
    'a schema with a misspelt keyword',
    { payload: { type: 'object', requird: [] } },
    /\/hooks\/go\/payload: is no usable JSON Schema: .*requird/,
  ],
])('loadCatalogs() throws CATALOG_INVALID for an object with %s', async (_, changes, message) => {
  await expect(loadCatalogs({ objects: [app(changes)] })).rejects.toMatchObject({
    code: 'CATALOG_INVALID',
    message: expect.stringMatching(message),
  });
});

test('loadCatalogs() says which catalog it cannot use when its name is no text', async () => {
  await expect(loadCatalogs({ objects: [{ ...app(), name: { toString: 1 } }] as never })).rejects.toThrow(
    /^Cannot use catalog {"toString":1}: \/name/,
  );
});

test('loadCatalogs() throws for the same name twice', async () => {
  await expect(loadCatalogs({ objects: [app(), app()] })).rejects.toThrow(/twice/);
});

test('loadCatalogs() reads a folder with schema files beside the catalog', async () => {
  const folder = await writeFiles({
    'catalog.json': {
      name: 'app',
      order: { priority: 'high-first', ties: 'name' },
      hooks: { go: { description: 'x', payload: 'go.schema.json' } },
    },
    'go.schema.json': payload,
  });
  const { hooks, problems } = await loadCatalogs({ names: [folder] });
  const hook = hooks.get('app.go');
  expect(problems).toEqual([]);
  expect([hook?.highFirst, hook?.tiesByName, hook?.validatePayload({ id: 'x' }), hook?.validatePayload({})]).toEqual([
    true,
    true,
    true,
    false,
  ]);
});

test('loadCatalogs() reads catalog.yaml', async () => {
  const folder = await writeFiles({ 'catalog.yaml': 'name: app\nhooks:\n  go:\n    description: x\n    payload: {type: object}\n' });
  expect([...(await loadCatalogs({ names: [folder] })).hooks.keys()]).toEqual(['app.go']);
});

test.each<[string, Record<string, unknown>, RegExp, number | undefined]>([
  ['no catalog', {}, /no such file/, undefined],
  ['a mistake', { 'catalog.json': { name: 'app', hooks: { go: { payload: {} } } } }, /lacks "description"/, 4],
  ['a schema file that is missing', { 'catalog.json': app({ payload: 'no.json' }) }, /Cannot read ".*no.json"/, 6],
  ['a schema file that is no JSON', { 'catalog.json': app({ payload: 'x.json' }), 'x.json': '{' }, /Cannot read the file: .*x.json:1/, 6],
  ['a rule without its partner', { 'catalog.json': app({ allows: ['replace'] }) }, /needs "replaceSchema"/, 18],
])('loadCatalogs() reports a folder with %s and goes on', async (_, files, message, line) => {
  const folder = await writeFiles(files);
  const { hooks, problems } = await loadCatalogs({ names: [folder, 'conda'] });
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatchObject({ severity: 'error', file: join(folder, 'catalog.json'), message: expect.stringMatching(message) });
  expect(problems[0]?.line).toBe(line);
  expect(hooks.has('conda.pre_command')).toBe(true);
});

test('loadCatalogs() says which names there are', async () => {
  const { problems } = await loadCatalogs({ names: ['cnda'] });
  expect(problems[0]?.message).toMatch(
    /^Cannot find the catalog "cnda": give the path of a folder, or one of "coma", "conda", "mellea", "pycomex"/,
  );
});

test('loadCatalogs() compiles the marks of sensitive fields once, and none where there are none', async () => {
  const marked = { type: 'object', properties: { token: { type: 'string', 'x-sensitive': 'secret' } } };
  const { hooks } = await loadCatalogs({ names: ['conda'], objects: [app({ payload: marked })] });
  expect(hooks.get('app.go')?.sensitive?.payload?.field('token')?.kinds).toEqual(['secret']);
  expect([...hooks.values()].filter(({ sensitive }) => sensitive !== undefined).map(({ name }) => name)).toEqual([
    'app.go',
    'conda.channel_auth',
  ]);
});

test('loadCatalogs() reports a mark of an unknown kind with its line', async () => {
  const marked = { type: 'object', properties: { token: { 'x-sensitive': 'private' } } };
  const folder = await writeFiles({ 'catalog.json': app({ payload: marked }) });
  const { problems } = await loadCatalogs({ names: [folder] });
  expect(problems).toMatchObject([
    { file: join(folder, 'catalog.json'), line: 10, message: 'must be "secret" or "personal"; got "private"' },
  ]);
  await expect(loadCatalogs({ objects: [app({ payload: marked })] })).rejects.toMatchObject({ code: 'CATALOG_INVALID' });
});
