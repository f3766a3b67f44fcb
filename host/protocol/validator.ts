import type { ValidationIssue, Validator } from '@outrigger/schemas';
import type { Ajv2020 as AjvClass, Options, ValidateFunction } from 'ajv/dist/2020.js';
import { describeIssues, type Issue } from './describe-issues.ts';
import { errorText } from './errors.ts';
import { inspectSchema } from './inspect-schema.ts';
import { validatorFrom } from './validator-code.ts';

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
  code: { source: true },
};

/** The validator, and the code it was made of. */
interface Compiled {
  readonly validator: Validator;
  readonly code: string;
}

type Kind = 'trusted' | 'untrusted' | 'explaining';

/** What a reference to the schema of schemas holds. */
const META_SCHEMAS = 'https://json-schema.org/draft/';
/** Names that every object has by birth: a schema with one of them is told to look at own fields only, which the others need not pay for. */
const INHERITED = new RegExp(`"(${Object.getOwnPropertyNames(Object.prototype).join('|')})"`);

const instances = new Map<string, Promise<AjvClass>>();
const compiled = new Map<string, Promise<Compiled>>();

/** Keeps what nobody else may see out of the descriptions of mistakes, which quote values and name keys. */
export interface Concealment {
  /** The value with what is to be kept replaced. */
  source(value: unknown): unknown;
  /** The pointer, cut where what is to be kept begins. */
  pointer(pointer: string): string;
}

/** What is wrong with a value; undefined when it fits. Never throws: a value that cannot be walked is a mistake of the value. */
export function check(validator: Validator, value: unknown, conceal?: Concealment): Issue[] | undefined {
  try {
    if (validator(value)) return undefined;
    const errors = validator.errors ?? [];
    return conceal === undefined ? describeIssues(errors, { source: value }) : describeConcealed(errors, { value, conceal });
  } catch (error) {
    const isDeep = error instanceof RangeError;
    return [{ pointer: '', message: isDeep ? 'is nested too deeply to be checked' : `cannot be checked: ${errorText(error)}` }];
  }
}

function describeConcealed(errors: readonly ValidationIssue[], { value, conceal }: { value: unknown; conceal: Concealment }): Issue[] {
  const cut = errors.map((error) => ({ ...error, instancePath: conceal.pointer(error.instancePath) }));
  // A key that is unknown or misnamed is added behind the place it was found at.
  return describeIssues(cut, { source: conceal.source(value) }).map((issue) => ({ ...issue, pointer: conceal.pointer(issue.pointer) }));
}

/** Compiles a schema of the application, once for equal content. Rejects with ajv's reason when it is no valid schema. */
export async function compileTrusted(schema: SchemaObject): Promise<Validator> {
  return (await made(schema)).validator;
}

/** What compileTrusted() made, as code for validatorFrom(). Rejects as it does. */
export async function codeOf(schema: SchemaObject): Promise<string> {
  return (await made(schema)).code;
}

/** Compiles a schema that a plugin brought; `what` names it in the problem. Checking with it fills in defaults. */
export async function compileUntrusted(schema: unknown, what: string): Promise<{ validator: Validator } | { problem: string }> {
  const refusal = inspectSchema(schema);
  if (refusal !== undefined) return { problem: `Cannot use ${what}: ${refusal}` };
  try {
    const { validator } = await compile('untrusted', schema as SchemaObject);
    return { validator };
  } catch (error) {
    return { problem: `Cannot use ${what}: ${(error as Error).message}` };
  }
}

/** Every mistake, with hints; slow, for when a precompiled validator (which stops at the first) has said no. */
export async function explainAll(schema: SchemaObject, value: unknown): Promise<Issue[]> {
  const { validator } = await compile('explaining', schema);
  return check(validator, value) ?? [];
}

function made(schema: SchemaObject): Promise<Compiled> {
  const key = JSON.stringify(schema);
  const known = compiled.get(key) ?? compile('trusted', schema);
  compiled.set(key, known);
  return known;
}

/** An ajv that can do what this schema needs. */
function instanceFor(kind: Kind, schema: SchemaObject): Promise<AjvClass> {
  const text = JSON.stringify(schema);
  const needs = { meta: text.includes(META_SCHEMAS), ownProperties: INHERITED.test(text) };
  const key = `${kind} ${needs.meta} ${needs.ownProperties}`;
  const known = instances.get(key) ?? makeInstance(kind, needs);
  instances.set(key, known);
  return known;
}

async function makeInstance(kind: Kind, needs: Pick<Options, 'meta' | 'ownProperties'>): Promise<AjvClass> {
  const [{ Ajv2020 }, { uniqueItems }] = await Promise.all([import('ajv/dist/2020.js'), import('./unique-items.ts')]);
  // Verbose errors carry the schema around them, which is where the known keys stand.
  const tells = kind === 'trusted' ? {} : { verbose: true, allErrors: true, useDefaults: kind === 'untrusted' };
  const ajv = new Ajv2020({ ...OPTIONS, ...tells, ...needs }).removeKeyword('uniqueItems').addKeyword(uniqueItems);
  // What a mark means is not the validator's to say; a catalog's own check names the kinds.
  return kind === 'trusted' ? ajv.addVocabulary(['x-sensitive']) : ajv;
}

/** Rejects with ajv's reason when it is no valid schema. */
async function compile(kind: Kind, schema: SchemaObject): Promise<Compiled> {
  const { $schema, ...rest } = schema;
  const { schema: isSchema } = await import('@outrigger/schemas/validate-schema');
  if (!isSchema(rest)) throw new Error(`schema is invalid: ${isSchema.errors?.map(inWords).join(', ')}`);
  const ajv = await instanceFor(kind, rest);
  const { default: standalone } = await import('ajv/dist/standalone/index.js');
  const code = (standalone as unknown as (ajv: AjvClass, validator: ValidateFunction) => string)(ajv, ajv.compile(rest));
  // ajv keeps what it compiled for ever, by identity: nothing here is compiled twice, so nothing need be kept.
  ajv.removeSchema(rest);
  return { code, validator: validatorFrom(code) };
}

function inWords({ instancePath, message }: ValidationIssue): string {
  return `data${instancePath} ${message}`;
}
