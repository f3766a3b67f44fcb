import type { Catalog, HookPoint } from '@outrigger/schemas';
import { didYouMean } from '../protocol/did-you-mean.ts';
import { keysOf } from '../protocol/json-pointer.ts';
import type { Issue } from '../protocol/validator.ts';
import { markMistakes } from './schema-document.ts';
import { compileMarks } from './sensitive-marks.ts';

type Schema = Readonly<Record<string, unknown>>;

/** What a catalog's own schema cannot say. Schemas still given as file names are not looked into. */
export function catalogMistakes(catalog: Catalog): Issue[] {
  const names = Object.keys(catalog.hooks);
  return Object.entries(catalog.hooks).flatMap(([name, hook]) =>
    hookMistakes(hook, names).map(({ pointer, message }) => ({ pointer: `/hooks/${name}${pointer}`, message })),
  );
}

function hookMistakes(hook: HookPoint, names: readonly string[]): Issue[] {
  const issues: Issue[] = [];
  if ((hook.timeoutMs ?? 0) > (hook.budgetMs ?? Infinity)) {
    issues.push({ pointer: '/timeoutMs', message: `must be at most budgetMs (${hook.budgetMs}); got ${hook.timeoutMs}` });
  }
  for (const [index, pair] of (hook.pairs ?? []).entries()) {
    if (names.includes(pair)) continue;
    issues.push({ pointer: `/pairs/${index}`, message: `"${pair}" is no hook point of this catalog${didYouMean(pair, names)}` });
  }
  if (typeof hook.payload !== 'string') issues.push(...payloadMistakes(hook, hook.payload));
  if (typeof hook.replaceSchema === 'object') issues.push(...markMistakes(hook.replaceSchema, '/replaceSchema'));
  return [...allowsMistakes(hook), ...issues];
}

/** What is allowed needs its rule, and a rule needs to be allowed. */
function allowsMistakes({ allows = [], writable = [], replaceSchema }: HookPoint): Issue[] {
  const issues: Issue[] = [];
  const pairs = [
    { action: 'modify', rule: 'writable', isGiven: writable.length > 0 },
    { action: 'replace', rule: 'replaceSchema', isGiven: replaceSchema !== undefined },
  ] as const;
  for (const { action, rule, isGiven } of pairs) {
    const isAllowed = allows.includes(action);
    if (isAllowed && !isGiven) issues.push({ pointer: '/allows', message: `"${action}" needs "${rule}"` });
    if (!isAllowed && isGiven) issues.push({ pointer: `/${rule}`, message: `has no effect without "${action}" in "allows"` });
  }
  return issues;
}

function payloadMistakes(hook: HookPoint, payload: Schema): Issue[] {
  const issues: Issue[] = [];
  if (payload['type'] !== undefined && payload['type'] !== 'object') {
    issues.push({
      pointer: '/payload/type',
      message: `must be "object": a payload is always an object; got ${JSON.stringify(payload['type'])}`,
    });
  }
  for (const [index, pointer] of (hook.writable ?? []).entries()) {
    const missing = missingPart(payload, pointer);
    if (missing !== undefined) {
      issues.push({
        pointer: `/writable/${index}`,
        message: `"${pointer}" does not exist: the payload's schema is closed and has no "${missing}"`,
      });
    }
  }
  return [...issues, ...payloadMarkMistakes(payload)];
}

function payloadMarkMistakes(payload: Schema): Issue[] {
  const issues = markMistakes(payload, '/payload');
  if (issues.length > 0 || !compileMarks(payload)?.kinds.length) return issues;
  return [{ pointer: '/payload', message: 'must not be marked "x-sensitive" as a whole: a payload is always an object; mark its fields' }];
}

/** The first part of a pointer that a closed schema rules out; a schema that says too little rules out nothing. */
function missingPart(payload: Schema, pointer: string): string | undefined {
  let schema: unknown = payload;
  for (const key of keysOf(pointer)) {
    const { properties, additionalProperties, type } = schema as Schema;
    if (type !== 'object' || properties === undefined) return undefined;
    if (Object.hasOwn(properties as object, key)) schema = (properties as Schema)[key];
    else return additionalProperties === false ? key : undefined;
    if (schema === null || typeof schema !== 'object') return undefined;
  }
  return undefined;
}
