import { readFile } from 'node:fs/promises';
import type { PluginEntry } from '@outrigger/schemas';
import { quote } from '../protocol/describe-issues.ts';
import { HostError } from '../protocol/errors.ts';
import { readDocument } from './read-document.ts';
import { replaceFile } from './replace-file.ts';

export interface NewPlugin {
  readonly name: string;
  /** Written as it is; relative to the config file. */
  readonly path: string;
  readonly trust?: 'full' | 'none';
}

type Entries = Record<string, PluginEntry>;

/** Settings of one entry; one that is undefined is taken out. */
type Settings = { readonly [K in keyof PluginEntry]?: PluginEntry[K] | undefined };

/** A change to the `plugins` or the `sets` of a config: the settings to write into one entry, or undefined to remove it. */
interface Edit {
  /** Default `plugins`. */
  readonly section?: 'plugins' | 'sets';
  readonly name: string;
  readonly settings: Settings | undefined;
  /** Where in the entry the settings stand; left out: in the entry itself. */
  readonly within?: readonly string[];
}

/** Writes `plugins.NAME.enabled`; everything else in the file stays, comments too. Returns the new text. */
export function setPluginEnabled(file: string, name: string, enabled: boolean): Promise<string> {
  return edit(file, { name, settings: { enabled } }, false);
}

/** Writes `sets.NAME.enabled`; everything else in the file stays, comments too. Returns the new text. */
export function setSetEnabled(file: string, name: string, enabled: boolean): Promise<string> {
  return edit(file, { section: 'sets', name, settings: { enabled } }, false);
}

/** Adds a plugin, or changes path and trust of one that is there. Creates the file when it is missing. Returns the new text. */
export function addPlugin(file: string, { name, path, trust }: NewPlugin): Promise<string> {
  return edit(file, { name, settings: { path, ...(trust !== undefined && { trust }) } }, true);
}

/** Writes, or takes out, what the operator trusts a plugin with; an entry is made when there is none. Returns the new text. */
export function setPluginTrust(file: string, name: string, settings: Pick<Settings, 'trust' | 'grant' | 'path'>): Promise<string> {
  return edit(file, { name, settings }, false);
}

/** Writes settings below an entry, such as `config` or `hooks`, NAME; one that is undefined is taken out. Returns the new text. */
export function setPluginSettings(
  file: string,
  name: string,
  { within, settings }: { readonly within: readonly string[]; readonly settings: Readonly<Record<string, unknown>> },
): Promise<string> {
  return edit(file, { name, within, settings: settings as Settings }, false);
}

/** Removes a plugin's entry; throws PLUGIN_UNKNOWN when there is none. Returns the new text. */
export function removePlugin(file: string, name: string): Promise<string> {
  return edit(file, { name, settings: undefined }, false);
}

async function edit(file: string, change: Edit, mayCreate: boolean): Promise<string> {
  const text = await currentText(file, mayCreate);
  if (text.trim() !== '') {
    const document = await readDocument(file, text);
    if ('issues' in document) {
      const [issue] = document.issues;
      throw new HostError('CONFIG_INVALID', `Cannot change "${file}": line ${issue?.line ?? 1}: ${issue?.message}`);
    }
    refuseLoss(file, document.value, change);
    const plugins = (document.value as { plugins?: Entries | null } | null)?.plugins;
    if (change.settings === undefined && !Object.hasOwn(plugins ?? {}, change.name)) throw unknown(file, change.name);
  } else if (change.settings === undefined) throw unknown(file, change.name);
  const edited = file.endsWith('.json') ? editJson(text, change) : await editYaml(text, change);
  await replaceFile(file, edited);
  return edited;
}

/** Throws where settings by name would have to take the place of something else. */
function refuseLoss(file: string, config: unknown, { section = 'plugins', name, settings, within = [] }: Edit): void {
  const path = settings === undefined ? [section] : [section, name, ...within];
  let value = config;
  for (const [depth, key] of [...path, ''].entries()) {
    if (value === undefined || value === null) return;
    if (typeof value !== 'object' || Array.isArray(value)) {
      const where = depth === 0 ? 'it' : `"${path.slice(0, depth).join('.')}"`;
      throw new HostError('CONFIG_INVALID', `Cannot change "${file}": ${where} must hold settings by name; got ${quote(value)}`);
    }
    value = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
  }
}

function unknown(file: string, name: string): HostError {
  return new HostError('PLUGIN_UNKNOWN', `Cannot remove plugin "${name}": "${file}" does not list it`);
}

async function currentText(file: string, mayCreate: boolean): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (mayCreate && (error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new HostError('CONFIG_INVALID', `Cannot change "${file}": ${(error as Error).message}`, { cause: error });
  }
}

function editJson(text: string, { section = 'plugins', name, settings, within = [] }: Edit): string {
  const config = ((text.trim() === '' ? undefined : JSON.parse(text)) ?? {}) as { [S in typeof section]?: Entries };
  const entries = config[section] ?? {};
  config[section] = entries;
  if (settings === undefined) delete entries[name];
  else entries[name] = written(entries[name], within, settings);
  const indent = /^[ \t]+(?=")/m.exec(text)?.[0] ?? '  ';
  return JSON.stringify(config, null, indent) + (text.endsWith('\n') || text === '' ? '\n' : '');
}

function written(entry: unknown, [first, ...rest]: readonly string[], settings: Settings): PluginEntry {
  const known = typeof entry === 'object' && entry !== null ? (entry as Record<string, unknown>) : {};
  if (first === undefined) return withoutUndefined({ ...known, ...settings });
  const below = Object.hasOwn(known, first) ? known[first] : undefined;
  return { ...known, [first]: written(below, rest, settings) };
}

function withoutUndefined(settings: Settings): PluginEntry {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

async function editYaml(text: string, { section = 'plugins', name, settings, within = [] }: Edit): Promise<string> {
  const yaml = await import('yaml');
  const document = yaml.parseDocument(text);
  if (!yaml.isMap(document.contents)) document.contents = document.createNode({}) as unknown as typeof document.contents;
  if (!yaml.isMap(document.get(section, true))) document.set(section, document.createNode({}));
  if (settings === undefined) document.deleteIn([section, name]);
  else {
    const path = [section, name, ...within];
    const folders = path.map((_, index) => path.slice(0, index + 1)).slice(1);
    for (const map of folders.filter((part) => !yaml.isMap(document.getIn(part, true)))) document.setIn(map, document.createNode({}));
    for (const [key, value] of Object.entries(settings)) {
      if (value === undefined) document.deleteIn([...path, key]);
      else document.setIn([...path, key], value);
    }
  }
  const indent = /^( +)\S/m.exec(text)?.[1]?.length ?? 2;
  const isIndentedList = !/^( *)[^\s#][^\n]*:[ \t]*\n\1- /m.test(text);
  return document.toString({ lineWidth: 0, indent, indentSeq: isIndentedList, flowCollectionPadding: !/[{[][^\s\]}]/.test(text) });
}
