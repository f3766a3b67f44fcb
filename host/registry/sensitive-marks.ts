import type { HookPoint } from '@outrigger/schemas';
import { closure, markOf, mentionsMarks, partsOf, type Schema } from './schema-document.ts';
import type { Sensitivity } from './types.ts';

/** What of a hook point's payload and replacement value is marked `x-sensitive`. */
export interface SensitiveFields {
  readonly payload: Marks | undefined;
  readonly replace: Marks | undefined;
  /** All kinds that occur. */
  readonly kinds: ReadonlySet<Sensitivity>;
}

/**
 * The marks at one place of a value and below it, followed in step with the value. Where several branches of the
 * schema may speak about a place each of them counts, whichever the value fits.
 */
export interface Marks {
  /** Of the place itself; whoever may see it was granted each of them. */
  readonly kinds: readonly Sensitivity[];
  /** Undefined: nothing there or below is marked. */
  field(key: string): Marks | undefined;
  item(index: number): Marks | undefined;
  /** The part that a JSON Pointer's token names, in an object or a list. */
  step(token: string): Marks | undefined;
  /** Any item of a list. */
  readonly items: Marks | undefined;
}

/** Undefined when nothing is marked: such a hook point pays nothing. Schemas that are still file names mark nothing. */
export function sensitiveFields({ payload, replaceSchema }: HookPoint): SensitiveFields | undefined {
  const kinds = new Set<Sensitivity>();
  const compiled = { payload: compileMarks(payload, kinds), replace: compileMarks(replaceSchema, kinds) };
  return kinds.size === 0 ? undefined : { ...compiled, kinds };
}

/** Adds the kinds it finds to `kinds`. */
export function compileMarks(schema: unknown, kinds: Set<Sensitivity> = new Set()): Marks | undefined {
  if (typeof schema !== 'object' || schema === null || !mentionsMarks(schema)) return undefined;
  return new MarkedDocument(schema as Schema, kinds).node([schema]);
}

/** Makes each set of schemas that can speak about one place into one node, so that references in a circle end. */
class MarkedDocument {
  readonly #root: Schema;
  readonly #kinds: Set<Sensitivity>;
  readonly #numbers: Map<Schema, number> = new Map();
  readonly #nodes: Map<string, Marks> = new Map();
  readonly #reaches: Map<Schema, boolean> = new Map();

  constructor(root: Schema, kinds: Set<Sensitivity>) {
    this.#root = root;
    this.#kinds = kinds;
  }

  node(schemas: readonly unknown[]): Marks | undefined {
    const about = closure(schemas, this.#root);
    const kinds = new Set(about.flatMap((schema) => markOf(schema) ?? []));
    for (const kind of kinds) this.#kinds.add(kind);
    // A schema that only refers to others says nothing of its own: they stand beside it.
    const leading = about.filter((schema) => (markOf(schema) !== undefined || partsOf(schema).length > 0) && this.#leadsToMark(schema));
    if (leading.length === 0) return undefined;
    const key = leading
      .map((schema) => this.#number(schema))
      .sort((a, b) => a - b)
      .join();
    let node = this.#nodes.get(key);
    if (node === undefined) {
      node = new MarkNode(this, leading, [...kinds]);
      this.#nodes.set(key, node);
    }
    return node;
  }

  /** Whether the schema, or anything that can be reached from it, is marked; remembers the kinds on the way. */
  #leadsToMark(from: Schema): boolean {
    const known = this.#reaches.get(from);
    if (known !== undefined) return known;
    const seen = new Set<Schema>();
    const left = [from];
    let isMarked = false;
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      if (seen.has(next)) continue;
      seen.add(next);
      const kind = markOf(next);
      if (kind !== undefined) this.#kinds.add(kind);
      isMarked ||= kind !== undefined;
      left.push(...closure([next, ...partsOf(next)], this.#root));
    }
    this.#reaches.set(from, isMarked);
    return isMarked;
  }

  #number(schema: Schema): number {
    const number = this.#numbers.get(schema) ?? this.#numbers.size;
    this.#numbers.set(schema, number);
    return number;
  }
}

class MarkNode implements Marks {
  readonly kinds: readonly Sensitivity[];
  readonly #document: MarkedDocument;
  readonly #schemas: readonly Schema[];
  readonly #names: ReadonlySet<string>;
  readonly #patterns: ReadonlyMap<Schema, readonly (readonly [pattern: RegExp, schema: unknown])[]>;
  /** Single items of the longest list of such; behind it all items are alike. */
  readonly #listed: number;
  /** Made when first needed, for the schema may refer to itself. */
  readonly #steps: Map<string, Marks | undefined> = new Map();

  constructor(document: MarkedDocument, schemas: readonly Schema[], kinds: readonly Sensitivity[]) {
    this.#document = document;
    this.#schemas = schemas;
    this.kinds = kinds;
    this.#names = new Set(schemas.flatMap((schema) => Object.keys(mapOf(schema['properties']))));
    this.#patterns = new Map(schemas.flatMap((schema) => patternsOf(schema)));
    this.#listed = Math.max(...schemas.map((schema) => listOf(schema['prefixItems']).length));
  }

  field(key: string): Marks | undefined {
    if (this.#names.has(key)) return this.#step(`.${key}`, () => this.#fieldSchemas(key));
    // Kept by name these would fill the memory: the names are the payload's. All that fit the same patterns are alike.
    return this.#step(`*${this.#fitting(key)}`, () => this.#fieldSchemas(key));
  }

  item(index: number): Marks | undefined {
    const place = Math.min(index, this.#listed);
    return this.#step(`${place}`, () => this.#itemSchemas(place));
  }

  step(token: string): Marks | undefined {
    if (!/^(0|[1-9]\d*)$/.test(token)) return this.field(token);
    return this.#document.node([...this.#fieldSchemas(token), ...this.#itemSchemas(Math.min(Number(token), this.#listed))]);
  }

  get items(): Marks | undefined {
    const places = Array.from({ length: this.#listed + 1 }, (_, place) => place);
    return this.#step('[]', () => places.flatMap((place) => this.#itemSchemas(place)));
  }

  #step(name: string, schemas: () => unknown[]): Marks | undefined {
    if (!this.#steps.has(name)) this.#steps.set(name, this.#document.node(schemas()));
    return this.#steps.get(name);
  }

  #fitting(key: string): string {
    let places = '';
    for (const patterns of this.#patterns.values()) for (const [pattern] of patterns) places += pattern.test(key) ? '1' : '0';
    return places;
  }

  #fieldSchemas(key: string): unknown[] {
    return this.#schemas.flatMap((schema) => {
      const properties = mapOf(schema['properties']);
      const named = Object.hasOwn(properties, key) ? [properties[key]] : [];
      const fitting = (this.#patterns.get(schema) ?? []).flatMap(([pattern, below]) => (pattern.test(key) ? [below] : []));
      const found = [...named, ...fitting];
      return found.length > 0 ? found : [schema['additionalProperties'], schema['unevaluatedProperties']];
    });
  }

  #itemSchemas(index: number): unknown[] {
    return this.#schemas.flatMap((schema) => {
      const listed = listOf(schema['prefixItems']);
      const own = index < listed.length ? [listed[index]] : [schema['items'], schema['unevaluatedItems']];
      return [...own, schema['contains']];
    });
  }
}

function patternsOf(schema: Schema): [Schema, (readonly [RegExp, unknown])[]][] {
  const patterns = Object.entries(mapOf(schema['patternProperties']));
  return patterns.length === 0 ? [] : [[schema, patterns.map(([pattern, below]) => [new RegExp(pattern, 'u'), below] as const)]];
}

function mapOf(value: unknown): Schema {
  return typeof value === 'object' && value !== null ? (value as Schema) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
