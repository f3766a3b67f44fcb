import type { ValidationIssue } from '@outrigger/schemas';
import { didYouMean } from './did-you-mean.ts';
import { keysOf, pointerBelow } from './json-pointer.ts';

/** One mistake in a value, for people. */
export interface Issue {
  /** JSON Pointer of the field; for an unknown or missing key, of the key itself or of the object that lacks it. */
  readonly pointer: string;
  /** What would be right and what was found. */
  readonly message: string;
}

/** ajv adds the surrounding schema when it was asked to be verbose; precompiled validators cannot. */
interface VerboseIssue extends ValidationIssue {
  readonly parentSchema?: { readonly properties?: object };
  readonly propertyName?: string;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  null: 'null',
};

/** Turns ajv's errors into sentences; `source` is the value that was checked. At most 20, the first ones. */
export function describeIssues(errors: readonly ValidationIssue[], { source }: { source: unknown }): Issue[] {
  const issues: Issue[] = [];
  // Sorting out branches is quadratic, and nobody reads more than the first mistakes.
  for (const error of withoutBranches(errors.slice(0, 500)).slice(0, 20)) {
    const issue = describe(error, valueAt(source, error.instancePath));
    if (!issues.some(({ pointer, message }) => pointer === issue.pointer && message === issue.message)) issues.push(issue);
  }
  return issues;
}

/** A value as JSON on one line, cut at 80 characters. */
export function quote(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    text = 'a value too deep to show';
  }
  if (text === undefined) return String(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

/** Of an `anyOf` only the branch that got furthest helps; the complaints of the others would contradict each other. */
function withoutBranches(errors: readonly VerboseIssue[]): VerboseIssue[] {
  let kept: VerboseIssue[] = [];
  for (const error of errors) {
    // The inner complaint about a key is repeated by `propertyNames` itself.
    if (error.propertyName !== undefined) continue;
    if (error.keyword === 'if' || error.keyword === '$ref') continue;
    if (error.keyword !== 'anyOf' && error.keyword !== 'oneOf') {
      kept.push(error);
      continue;
    }
    const isBranch = ({ instancePath }: ValidationIssue) =>
      instancePath === error.instancePath || instancePath.startsWith(`${error.instancePath}/`);
    const branches = kept.filter(isBranch);
    const deepest = Math.max(...branches.map(depth));
    kept = kept.filter((other) => !isBranch(other));
    if (deepest > depth(error)) kept.push(...branches.filter((other) => depth(other) === deepest).slice(0, 1));
    else kept.push(combined(error, branches));
  }
  return kept;
}

function depth({ instancePath }: ValidationIssue): number {
  return instancePath.split('/').length;
}

function combined(error: VerboseIssue, branches: readonly VerboseIssue[]): VerboseIssue {
  const types = branches.filter(({ keyword }) => keyword === 'type').flatMap(({ params }) => params['type'] as string | string[]);
  if (types.length === 0 || types.length < branches.length) return branches.find(({ keyword }) => keyword !== 'type') ?? error;
  return { ...error, keyword: 'type', params: { type: [...new Set(types)] } };
}

function describe(error: VerboseIssue, value: unknown): Issue {
  const { keyword, params, instancePath: pointer } = error;
  switch (keyword) {
    case 'additionalProperties':
    case 'unevaluatedProperties':
      return unknownKey(error, String(params['additionalProperty'] ?? params['unevaluatedProperty']));
    case 'propertyNames':
      return { pointer: pointerBelow(pointer, String(params['propertyName'])), message: `is not a valid name here${nameRule(error)}` };
    case 'required':
      return { pointer, message: `lacks ${quote(params['missingProperty'])}` };
    case 'dependentRequired':
      return { pointer, message: `lacks ${quote(params['missingProperty'])}, which ${quote(params['property'])} needs` };
    case 'uniqueItems':
      return { pointer, message: `must not hold the same item twice (items ${params['j']} and ${params['i']})` };
    default:
      return { pointer, message: `${rule(error)}; got ${quote(value)}` };
  }
}

function unknownKey({ instancePath, parentSchema }: VerboseIssue, key: string): Issue {
  const known = Object.keys(parentSchema?.properties ?? {}).filter((name) => name !== '$schema');
  const hint = didYouMean(key, known) || (known.length > 0 ? `; known are ${known.map(quote).join(', ')}` : '');
  return { pointer: pointerBelow(instancePath, key), message: `is not known here${hint}` };
}

function nameRule({ parentSchema }: VerboseIssue): string {
  const pattern = (parentSchema as { propertyNames?: { pattern?: string } } | undefined)?.propertyNames?.pattern;
  return pattern === undefined ? '' : `: it must match ${pattern}`;
}

function rule({ keyword, params, message }: VerboseIssue): string {
  const limit = params['limit'];
  switch (keyword) {
    case 'enum':
      return `must be one of ${(params['allowedValues'] as unknown[]).map(quote).join(', ')}`;
    case 'const':
      return `must be ${quote(params['allowedValue'])}`;
    case 'type':
      return `must be ${[params['type'] as string | string[]].flat().map(typeName).join(' or ')}`;
    case 'minimum':
      return `must be at least ${limit}`;
    case 'maximum':
      return `must be at most ${limit}`;
    case 'minLength':
      return limit === 1 ? 'must not be empty' : `must have at least ${limit} characters`;
    case 'maxLength':
      return `must have at most ${limit} characters`;
    case 'minItems':
    case 'minProperties':
      return limit === 1 ? 'must not be empty' : `must have at least ${limit} entries`;
    case 'maxItems':
    case 'maxProperties':
      return `must have at most ${limit} entries`;
    case 'pattern':
      return `must match ${params['pattern']}`;
    case 'false schema':
      return 'is not allowed here';
    default:
      return message ?? `breaks the rule "${keyword}"`;
  }
}

function typeName(type: string): string {
  return TYPE_NAMES[type] ?? type;
}

function valueAt(source: unknown, pointer: string): unknown {
  let value = source;
  for (const key of keysOf(pointer)) {
    // Only a value that was concealed is shorter than its pointers: what stands in its place is shown.
    if (value === null || typeof value !== 'object') return value;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}
