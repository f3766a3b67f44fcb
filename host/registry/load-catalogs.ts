import { dirname, isAbsolute, join } from 'node:path';
import { catalogs as builtIn, type Catalog, type HookPoint, type Validator } from '@outrigger/schemas';
import { HostError } from '../protocol/errors.ts';
import { compileTrusted, type Issue } from '../protocol/validator.ts';
import { catalogMistakes } from './catalog-mistakes.ts';
import { trustedValidators } from './kept-validators.ts';
import { checkObject, loadDocument, readText } from './load-document.ts';
import { readDocument } from './read-document.ts';
import { sensitiveFields } from './sensitive-marks.ts';
import type { LoadedHook, Problem } from './types.ts';

type Schema = Readonly<Record<string, unknown>>;

const CATALOG_FILES = ['catalog.json', 'catalog.yaml', 'catalog.yml'];

export interface CatalogSources {
  /** Catalogs that ship with Outrigger by name, others as absolute paths of folders. */
  readonly names?: readonly string[];
  /** The application's own. A mistake in one throws CATALOG_INVALID. */
  readonly objects?: readonly Catalog[];
  readonly cacheDir?: string | undefined;
}

export interface LoadedCatalogs {
  /** By full name. */
  readonly hooks: ReadonlyMap<string, LoadedHook>;
  readonly names: ReadonlySet<string>;
  readonly problems: readonly Problem[];
}

/** True for a catalog that ships with Outrigger. */
export function isBuiltIn(name: string): boolean {
  return Object.hasOwn(builtIn, name);
}

/** Loads every hook point there is. A catalog file with a mistake is left out and reported. */
export async function loadCatalogs(sources: CatalogSources): Promise<LoadedCatalogs> {
  const hooks = new Map<string, LoadedHook>();
  const names = new Set<string>();
  const problems: Problem[] = [];
  for (const catalog of sources.objects ?? []) {
    const issues = names.has(catalog.name) ? [duplicate(catalog.name)] : await addCatalog(catalog, hooks, sources.cacheDir);
    if (issues.length > 0) throw invalid(catalog, issues);
    names.add(catalog.name);
  }
  for (const source of sources.names ?? []) {
    const found = await readCatalog(source, sources.cacheDir);
    problems.push(...found.problems);
    const { catalog } = found;
    if (catalog === undefined) continue;
    const issues = names.has(catalog.name) ? [duplicate(catalog.name)] : await addCatalog(catalog, hooks, sources.cacheDir);
    for (const issue of issues) problems.push({ severity: 'error', ...(await found.place(issue.pointer)), ...issue });
    names.add(catalog.name);
  }
  return { hooks, names, problems };
}

interface FoundCatalog {
  readonly catalog: Catalog | undefined;
  readonly problems: readonly Problem[];
  place(pointer: string): Promise<Partial<Problem>>;
}

function duplicate(name: string): Issue {
  return { pointer: '/name', message: `Cannot load the catalog "${name}" twice: rename or remove one of them` };
}

function invalid({ name }: Catalog, issues: readonly Issue[]): HostError {
  const list = issues.map(({ pointer, message }) => `${pointer || '/'}: ${message}`).join('; ');
  return new HostError('CATALOG_INVALID', `Cannot use catalog ${JSON.stringify(name)}: ${list}`, { data: issues });
}

async function readCatalog(source: string, cacheDir: string | undefined): Promise<FoundCatalog> {
  const known = isBuiltIn(source) ? builtIn[source] : undefined;
  if (known !== undefined) return { catalog: known, problems: [], place: async () => ({}) };
  if (!isAbsolute(source)) {
    const names = Object.keys(builtIn).join('", "');
    const message = `Cannot find the catalog "${source}": give the path of a folder, or one of "${names}"`;
    return { catalog: undefined, problems: [{ severity: 'error', message }], place: async () => ({}) };
  }
  let first: FoundCatalog | undefined;
  for (const name of CATALOG_FILES) {
    const file = join(source, name);
    const loaded = await loadDocument('catalog', file, { cacheDir });
    const place = async (pointer: string) => ({ file, ...(await loaded.locate(pointer)) });
    if (loaded.value === undefined) first ??= { catalog: undefined, problems: loaded.problems, place };
    if (loaded.hash === '') continue;
    if (loaded.value === undefined) return { catalog: undefined, problems: loaded.problems, place };
    return withSchemaFiles(loaded.value, file, place);
  }
  return first as FoundCatalog;
}

/** Puts the schema files a catalog names in their places. */
async function withSchemaFiles(catalog: Catalog, file: string, place: FoundCatalog['place']): Promise<FoundCatalog> {
  const problems: Problem[] = [];
  const inline = async (hook: string, key: 'payload' | 'replaceSchema', schema: Schema | string): Promise<Schema> => {
    if (typeof schema !== 'string') return schema;
    const pointer = `/hooks/${hook}/${key}`;
    const read = await readSchema(join(dirname(file), schema));
    if ('schema' in read) return read.schema;
    problems.push({ severity: 'error', ...(await place(pointer)), pointer, message: read.problem });
    return {};
  };
  const hooks: Record<string, HookPoint> = {};
  for (const [name, hook] of Object.entries(catalog.hooks)) {
    hooks[name] = { ...hook, payload: await inline(name, 'payload', hook.payload) };
    if (hook.replaceSchema !== undefined) hooks[name].replaceSchema = await inline(name, 'replaceSchema', hook.replaceSchema);
  }
  return { catalog: problems.length > 0 ? undefined : { ...catalog, hooks }, problems, place };
}

async function readSchema(file: string): Promise<{ schema: Schema } | { problem: string }> {
  const source = await readText(file);
  if ('problem' in source) return source;
  const document = await readDocument(file, source.text);
  if ('issues' in document) return { problem: `${document.issues[0]?.message} (${file}:${document.issues[0]?.line ?? 1})` };
  const { value } = document;
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    return { problem: `Cannot use "${file}": it must hold an object` };
  return { schema: value as Schema };
}

/** All of a catalog's hook points, or none and why. */
async function addCatalog(found: Catalog, hooks: Map<string, LoadedHook>, cacheDir: string | undefined): Promise<readonly Issue[]> {
  const isKnown = typeof found.name === 'string' && builtIn[found.name] === found;
  const checked = isKnown ? { value: found } : await checkObject('catalog', found, { cacheDir, rules: catalogMistakes });
  if ('issues' in checked) return checked.issues;
  const catalog = checked.value;
  const schemas = new Map<string, Schema>();
  for (const [short, rules] of Object.entries(catalog.hooks)) {
    for (const key of ['payload', 'replaceSchema'] as const) {
      if (rules[key] !== undefined) schemas.set(`/hooks/${short}/${key}`, rules[key] as Schema);
    }
  }
  const validators = isKnown ? await precompiled(catalog.name, schemas) : await trustedValidators(schemas, cacheDir);
  const mistakes = [...validators].filter((pair): pair is [string, Error] => pair[1] instanceof Error);
  if (mistakes.length > 0) return mistakes.map(([pointer, { message }]) => ({ pointer, message: `is no usable JSON Schema: ${message}` }));
  for (const short of Object.keys(catalog.hooks)) {
    const [payload, replace] = ['payload', 'replaceSchema'].map((key) => validators.get(`/hooks/${short}/${key}`) as Validator | undefined);
    if (payload !== undefined) hooks.set(`${catalog.name}.${short}`, loadedHook(catalog, short, { payload, replace }));
  }
  return [];
}

function loadedHook(catalog: Catalog, short: string, validators: { payload: Validator; replace: Validator | undefined }): LoadedHook {
  const rules = catalog.hooks[short] as HookPoint;
  const timeoutMs = rules.timeoutMs ?? Math.min(5000, rules.budgetMs ?? 5000);
  return {
    name: `${catalog.name}.${short}`,
    catalog: catalog.name,
    description: rules.description,
    rules,
    allows: new Set(rules.allows),
    writable: rules.writable ?? [],
    timeoutMs,
    budgetMs: rules.budgetMs ?? Math.max(30_000, timeoutMs),
    onFailure: rules.onFailure,
    idempotent: rules.idempotent ?? false,
    ordered: rules.ordered ?? false,
    pairs: (rules.pairs ?? []).map((pair) => `${catalog.name}.${pair}`),
    highFirst: catalog.order?.priority === 'high-first',
    tiesByName: catalog.order?.ties === 'name',
    validatePayload: validators.payload,
    validateReplace: validators.replace,
    sensitive: sensitiveFields(rules),
  };
}

/** Validators that ship with Outrigger are named for the last part of their schema's `$id`. */
async function precompiled(catalog: string, schemas: ReadonlyMap<string, Schema>): Promise<ReadonlyMap<string, Validator>> {
  const made: Record<string, Validator> = await import(`@outrigger/schemas/validate-catalog-${catalog}`);
  const nameOf = ({ $id }: Schema): string =>
    String($id)
      .replace(/^.*:/, '')
      .replace(/[.\-_](\w)/g, (_, letter: string) => letter.toUpperCase());
  const validators = new Map<string, Validator>();
  for (const [pointer, schema] of schemas) validators.set(pointer, made[nameOf(schema)] ?? (await compileTrusted(schema)));
  return validators;
}
