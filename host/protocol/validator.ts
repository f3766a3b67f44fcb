import type { ValidationIssue, Validator } from '@outrigger/schemas';
import type { Ajv2020 as AjvClass, Options, ValidateFunction } from 'ajv/dist/2020.js';
import { describeIssues, type Issue } from './describe-issues.ts';
import { inspectSchema } from './inspect-schema.ts';

export type { Issue } from './describe-issues.ts';

type SchemaObject = Readonly<Record<string, unknown>>;

const OPTIONS: Options = {
  strict: true,
  // A schema may say less about types than ajv would like: that is style, not a mistake.
  strictTypes: false,
  strictTuples: false,
  strictRequired: false,
  allowUnionTypes: true,
  validateFormats: false,
  logger: false,
  addUsedSchema: false,
  // Done by our own precompiled validator: ajv would first compile the schema of schemas, 50 ms.
  validateSchema: false,
  meta: false,
};

type Kind = 'trusted' | 'untrusted' | 'explaining';

/** What a reference to the schema of schemas holds. */
const META_SCHEMAS = 'https://json-schema.org/draft/';

const instances = new Map<string, Promise<AjvClass>>();
const compiled = new Map<string, Promise<Validator>>();

/** Keeps what nobody else may see out of the descriptions of mistakes, which quote values and name keys. */
export interface Concealment {
  /** The value with what is to be kept replaced. */
  source(value: unknown): unknown;
  /** The pointer, cut where what is to be kept begins. */
  pointer(pointer: string): string;
}

/** What is wrong with a value; undefined when it fits. Never throws: a value too deep to walk is a mistake of the value. */
export function check(validator: Validator, value: unknown, conceal?: Concealment): Issue[] | undefined {
  try {
    if (validator(value)) return undefined;
    const errors = validator.errors ?? [];
    return conceal === undefined ? describeIssues(errors, { source: value }) : describeConcealed(errors, { value, conceal });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return [{ pointer: '', message: 'is nested too deeply to be checked' }];
  }
}

function describeConcealed(errors: readonly ValidationIssue[], { value, conceal }: { value: unknown; conceal: Concealment }): Issue[] {
  const cut = errors.map((error) => ({ ...error, instancePath: conceal.pointer(error.instancePath) }));
  // A key that is unknown or misnamed is added behind the place it was found at.
  return describeIssues(cut, { source: conceal.source(value) }).map((issue) => ({ ...issue, pointer: conceal.pointer(issue.pointer) }));
}

/** Compiles a schema of the application, once for equal content. Rejects with ajv's reason when it is no valid schema. */
export function compileTrusted(schema: SchemaObject): Promise<Validator> {
  const key = JSON.stringify(schema);
  const known = compiled.get(key) ?? compile('trusted', schema);
  compiled.set(key, known);
  return known;
}

/** What compileTrusted() made, as code for validatorFrom(). Rejects as it does. */
export async function codeOf(schema: SchemaObject): Promise<string> {
  const validator = (await compileTrusted(schema)) as unknown as ValidateFunction;
  const { default: standalone } = await import('ajv/dist/standalone/index.js');
  return (standalone as unknown as (ajv: AjvClass, validator: ValidateFunction) => string)(
    await instance('trusted', mentionsMeta(schema)),
    validator,
  );
}

/** Compiles a schema that a plugin brought; `what` names it in the problem. Checking with it fills in defaults. */
export async function compileUntrusted(schema: unknown, what: string): Promise<{ validator: Validator } | { problem: string }> {
  const refusal = inspectSchema(schema);
  if (refusal !== undefined) return { problem: `Cannot use ${what}: ${refusal}` };
  try {
    return { validator: await compile('untrusted', schema as SchemaObject) };
  } catch (error) {
    return { problem: `Cannot use ${what}: ${(error as Error).message}` };
  }
}

/** Every mistake, with hints; slow, for when a precompiled validator (which stops at the first) has said no. */
export async function explainAll(schema: SchemaObject, value: unknown): Promise<Issue[]> {
  return check(await compile('explaining', schema), value) ?? [];
}

function instance(kind: Kind, meta: boolean): Promise<AjvClass> {
  const key = `${kind} ${meta}`;
  const known = instances.get(key) ?? makeInstance(kind, meta);
  instances.set(key, known);
  return known;
}

async function makeInstance(kind: Kind, meta: boolean): Promise<AjvClass> {
  const { Ajv2020 } = await import('ajv/dist/2020.js');
  // What a mark means is not the validator's to say; a catalog's own check names the kinds.
  if (kind === 'trusted') return new Ajv2020({ ...OPTIONS, meta, code: { source: true } }).addVocabulary(['x-sensitive']);
  // Verbose errors carry the schema around them, which is where the known keys stand.
  return new Ajv2020({ ...OPTIONS, meta, verbose: true, allErrors: true, useDefaults: kind === 'untrusted' });
}

/** Rejects with ajv's reason when it is no valid schema. */
async function compile(kind: Kind, schema: SchemaObject): Promise<Validator> {
  const { $schema, ...rest } = schema;
  const { schema: isSchema } = await import('@outrigger/schemas/validate-schema');
  if (!isSchema(rest)) throw new Error(`schema is invalid: ${isSchema.errors?.map(inWords).join(', ')}`);
  const ajv = await instance(kind, mentionsMeta(rest));
  const made = ajv.compile(rest);
  // ajv keeps what it compiled for ever, by identity: nothing here is compiled twice, so nothing need be kept.
  ajv.removeSchema(rest);
  return made as Validator & { errors?: ValidationIssue[] | null };
}

function mentionsMeta({ $schema, ...schema }: SchemaObject): boolean {
  return JSON.stringify(schema).includes(META_SCHEMAS);
}

function inWords({ instancePath, message }: ValidationIssue): string {
  return `data${instancePath} ${message}`;
}
