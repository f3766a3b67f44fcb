import type { Document, LineCounter, Node, Pair } from 'yaml';
import { plainText } from '../process/plain-text.ts';
import { keysOf } from '../protocol/json-pointer.ts';

type Yaml = typeof import('yaml');

/** Most aliases a document may unfold; more is an attempt to fill the memory. */
const MAX_ALIASES = 100;

export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface ParsedDocument {
  readonly value: unknown;
  /** Where the field stands; for a field that is missing, what would contain it. */
  locate(pointer: string): Place;
}

/** Why a text is no usable document, with the place where that shows. */
export interface SyntaxIssue extends Partial<Place> {
  readonly pointer?: string;
  readonly message: string;
}

/** Reads YAML, or JSON when the file is called so. Duplicate keys, `__proto__`, unknown tags and alias bombs are refused. */
export async function readDocument(file: string, text: string): Promise<ParsedDocument | { issues: SyntaxIssue[] }> {
  const yaml = await import('yaml');
  const lines = new yaml.LineCounter();
  try {
    if (file.endsWith('.json')) JSON.parse(text);
    // Its own search for duplicate keys is quadratic; ours, below, is not.
    const document = yaml.parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false, stringKeys: false });
    // yaml reports its own stack overflow as one more mistake of the text.
    if (document.errors.some(({ message }) => /call stack/i.test(message))) throw new RangeError('too deep');
    const findings = file.endsWith('.json') ? [] : [...document.errors, ...document.warnings];
    const issues = findings.map(({ message, pos }) => ({ ...placeAt(lines, pos[0]), message: `Cannot read the file: ${plain(message)}` }));
    issues.push(...keyIssues(yaml, document, lines));
    if (issues.length > 0) return { issues: issues.slice(0, 20) };
    const value = file.endsWith('.json') ? JSON.parse(text) : document.toJS({ maxAliasCount: MAX_ALIASES });
    return { value, locate: (pointer) => locate(yaml, document, lines, pointer) };
  } catch (error) {
    return { issues: [parseIssue(error, text)] };
  }
}

function parseIssue(error: unknown, text: string): SyntaxIssue {
  if (error instanceof RangeError) return { message: 'Cannot read the file: it is nested too deeply' };
  if (error instanceof ReferenceError) return { message: `Cannot read the file: its aliases unfold to more than ${MAX_ALIASES} nodes` };
  if (!(error instanceof SyntaxError)) throw error;
  const offset = /at position (\d+)/.exec(error.message)?.[1];
  const cause = error.message.replace(/,? (in JSON )?at position.*/s, '').replace(/, ".*" is not valid JSON/s, '');
  return {
    ...placeInText(text, offset === undefined ? text.length : Number(offset)),
    message: `Cannot read the file: ${plainText(cause)}`,
  };
}

function placeInText(text: string, offset: number): Place {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 };
}

function placeAt(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

function plain(message: string): string {
  const sentence = message.replace(/; please use YAML\.parseAllDocuments\(\)/, '');
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}

function keyIssues(yaml: Yaml, document: Document.Parsed, lines: LineCounter): (SyntaxIssue & Place)[] {
  const issues: (SyntaxIssue & Place)[] = [];
  yaml.visit(document, {
    Map(_, map) {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        const cause = keyMistake(yaml.isScalar(key) ? String(key.value) : undefined, seen);
        if (cause !== undefined) issues.push({ ...placeAt(lines, startOf(key)), message: `Cannot read the file: ${plainText(cause)}` });
      }
    },
  });
  return issues;
}

function keyMistake(key: string | undefined, seen: Set<string>): string | undefined {
  if (key === undefined) return 'a key must be plain text';
  if (key === '__proto__') return 'the key "__proto__" is not allowed';
  if (seen.has(key)) return `the key "${key}" stands here for the second time`;
  seen.add(key);
  return undefined;
}

function startOf(node: unknown): number {
  return (node as Node | null)?.range?.[0] ?? 0;
}

function locate(yaml: Yaml, document: Document.Parsed, lines: LineCounter, pointer: string): Place {
  let node: unknown = document.contents;
  let offset = startOf(node);
  for (const key of keysOf(pointer)) {
    const next = child(yaml, yaml.isAlias(node) ? node.resolve(document) : node, key);
    if (next === undefined) break;
    ({ node, offset } = next);
  }
  return placeAt(lines, offset);
}

/** A field and where it begins: its key, or the item of a list. */
function child(yaml: Yaml, node: unknown, key: string): { node: unknown; offset: number } | undefined {
  if (yaml.isMap(node)) {
    const pair: Pair | undefined = node.items.find((item) => yaml.isScalar(item.key) && String(item.key.value) === key);
    return pair && { node: pair.value, offset: startOf(pair.key) };
  }
  const item = yaml.isSeq(node) ? node.items[Number(key)] : undefined;
  return item === undefined ? undefined : { node: item, offset: startOf(item) };
}
