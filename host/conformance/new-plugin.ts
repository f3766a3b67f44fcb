import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HostError } from '../protocol/errors.ts';
import type { LoadedHook } from '../registry/types.ts';
import { payloadsOf } from './make-target.ts';
import { fillTemplate, readTemplate } from './template.ts';
import type { Json } from './types.ts';

export const LANGUAGES = ['typescript', 'python', 'go', 'rust', 'bash'] as const;
export type Language = (typeof LANGUAGES)[number];

export interface NewPlugin {
  readonly name: string;
  readonly language: Language;
  /** Where it will lie; must be missing or empty. */
  readonly folder: string;
  readonly hooks: readonly LoadedHook[];
}

export interface Written {
  /** Below the folder, sorted. */
  readonly files: readonly string[];
  /** Parts of the SDK that are not where this host looks for them: the plugin must get them some other way. */
  readonly missing: readonly string[];
}

type Rules = Readonly<Record<string, unknown>>;

const HERE = dirname(fileURLToPath(import.meta.url));
const WIDTH = 120;
/** What of an SDK a plugin does not need. */
const LEFT_OUT =
  /(^|\/)(\.cargo|generate\.\w+|tests?|testdata|target|examples|__pycache__|\.pytest_cache|\.venv|build|[^/]*\.egg-info|\.tsbuildinfo|[^/]*_test\.go)$/;

/** Writes a plugin that works as it stands, with the SDK inside: a plugin is its folder. Throws CONFIG_INVALID. */
export function writePlugin(plugin: NewPlugin): Written {
  const { name, folder, language } = plugin;
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(name)) {
    throw new HostError(
      'CONFIG_INVALID',
      `Cannot name a plugin "${name}": a name has lower-case letters, digits, dot, dash and underscore, and begins with a letter or digit`,
    );
  }
  refuseTaken(folder);
  const template = readTemplate(readFileSync(join(templateFolder(), `${language}.txt`), 'utf8'));
  const values = valuesFor(plugin, (hook) => template.parts.get(`handler ${hook}`) ?? template.parts.get('handler') ?? '');
  for (const [path, text] of template.files) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, fillTemplate(text, values));
  }
  const missing = copySdk(folder, template.parts.get('sdk') ?? '');
  return { files: [...template.files.keys()].sort(), missing };
}

/** Throws unless the folder is empty, or was missing and now is there. */
function refuseTaken(folder: string): void {
  let names: string[];
  try {
    mkdirSync(folder, { recursive: true });
    names = readdirSync(folder);
  } catch (error) {
    throw new HostError('CONFIG_INVALID', `Cannot write a plugin into "${folder}": ${(error as Error).message}`);
  }
  if (names.length > 0)
    throw new HostError('CONFIG_INVALID', `Cannot write a plugin into "${folder}": it is not empty; choose another name`);
}

/** How to attach a debugger to a plugin of a language; undefined for one we have no template of. */
export function debugHint(language: Language): string {
  return (readTemplate(readFileSync(join(templateFolder(), `${language}.txt`), 'utf8')).parts.get('debug') ?? '').trim();
}

/** Beside this file in the sources, in `conformance/` of the package when built. */
function templateFolder(): string {
  const folders = [join(HERE, 'templates'), join(HERE, '../../conformance/templates')];
  return folders.find((folder) => existsSync(folder)) ?? join(HERE, 'templates');
}

function valuesFor({ name, hooks }: NewPlugin, handlerOf: (hook: string) => string): Record<string, string> {
  const handlers = hooks.map((hook) => fillTemplate(handlerOf(hook.name).replace(/\n$/, ''), { name, ...hookValues(hook) }));
  const [first] = hooks;
  return {
    name,
    hooks: hooks.flatMap((hook) => [`  ${hook.name}:`, `    mode: ${modeOf(hook)}`]).join('\n'),
    handlers: handlers.join('\n'),
    firstHook: first?.name ?? '',
    payload: quotable(first === undefined ? {} : (payloadsOf(first.name, first)[0] ?? {})),
    readme: readme(name, hooks),
  };
}

/** JSON that can stand between the quotes of every language here. */
function quotable(payload: Json): string {
  return JSON.stringify(payload).replace(/['`#]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`);
}

/** The gentlest mode that may do what the hook point allows. */
function modeOf({ allows }: LoadedHook): string {
  return allows.size === 0 ? 'fire_and_forget' : 'sequential';
}

function hookValues(hook: LoadedHook): Record<string, string> {
  return {
    hook: hook.name,
    id: hook.name.replaceAll(/[^A-Za-z0-9]+/g, '_'),
    about: `${oneLine(hook.description)}\n${powers(hook)}`,
    fields: fieldLines(hook.rules.payload as Rules).join('\n'),
  };
}

function powers({ allows, writable }: LoadedHook): string {
  if (allows.size === 0) return 'A plugin can only look.';
  const may = [...allows].map((one) => (one === 'modify' ? `modify ${writable.map((pointer) => pointer.slice(1)).join(', ')}` : one));
  return `A plugin may ${may.join('; ')}.`;
}

/** One line for each field of the payload. */
function fieldLines(schema: Rules): string[] {
  const properties = (schema['properties'] ?? {}) as Record<string, Rules>;
  const required = new Set(Array.isArray(schema['required']) ? schema['required'] : []);
  return Object.entries(properties).map(([field, { type = 'any', description = '' }]) => {
    const optional = required.has(field) ? '' : ', may be missing';
    return `  ${shortened(oneLine(`${field} (${String(type)}${optional}): ${String(description)}`))}`;
  });
}

/** Ends with a whole sentence where one fits, with a whole word else. */
function shortened(text: string): string {
  if (text.length <= WIDTH) return text;
  const start = text.slice(0, WIDTH);
  const sentence = start.lastIndexOf('. ');
  return sentence > start.indexOf('): ') ? start.slice(0, sentence + 1) : `${start.replace(/[\\\s]*\S*$/, '')} …`;
}

/** What a catalog says, as part of a comment that it cannot end; a backslash at the end would draw the next line into it. */
function oneLine(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .replaceAll(/\*\/|\{\{|\}\}/g, ' ')
    .replaceAll("'", '’')
    .replace(/[\\\s]+$/, '');
}

function readme(name: string, hooks: readonly LoadedHook[]): string {
  const heard = hooks.map((hook) => `- \`${hook.name}\`: ${oneLine(hook.description)}`);
  const commands = ['outrigger test .', 'outrigger dev .', 'outrigger plugins add . --trust'];
  return [`# ${name}`, '', 'An Outrigger plugin. It hears:', '', ...heard, '', '```sh', ...commands, '```', ''].join('\n');
}

/** Copies `FROM TO` lines, from where `copy-sdks.mjs` put them or, in a checkout, from its root. */
function copySdk(folder: string, lines: string): string[] {
  const missing: string[] = [];
  for (const line of lines.split('\n').filter(Boolean)) {
    const [from = '', to = ''] = line.split(' ');
    const roots = [join(templateFolder(), 'sdks'), join(HERE, '../..'), join(HERE, '../../..')];
    const source = roots.map((root) => join(root, from)).find((path) => existsSync(path));
    if (source === undefined) missing.push(from);
    else cpSync(source, join(folder, to), { recursive: true, filter: (path) => !LEFT_OUT.test(path.slice(source.length)) });
  }
  return missing;
}
