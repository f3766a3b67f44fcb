import { randomUUID } from 'node:crypto';
import { chmod, mkdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { PluginEntry } from '@outrigger/schemas';
import { HostError } from '../protocol/errors.ts';
import { readDocument } from './read-document.ts';

export interface NewPlugin {
  readonly name: string;
  /** Written as it is; relative to the config file. */
  readonly path: string;
  readonly trust?: 'full' | 'none';
}

type Entries = Record<string, PluginEntry>;

/** A change to the `plugins` of a config: the settings to write into one entry, or undefined to remove it. */
interface Edit {
  readonly name: string;
  readonly settings: Readonly<Partial<PluginEntry>> | undefined;
}

/** Writes `plugins.NAME.enabled`; everything else in the file stays, comments too. Returns the new text. */
export function setPluginEnabled(file: string, name: string, enabled: boolean): Promise<string> {
  return edit(file, { name, settings: { enabled } }, false);
}

/** Adds a plugin, or changes path and trust of one that is there. Creates the file when it is missing. Returns the new text. */
export function addPlugin(file: string, { name, path, trust }: NewPlugin): Promise<string> {
  return edit(file, { name, settings: { path, ...(trust !== undefined && { trust }) } }, true);
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
    const plugins = (document.value as { plugins?: Entries } | null)?.plugins;
    if (change.settings === undefined && !Object.hasOwn(plugins ?? {}, change.name)) throw unknown(file, change.name);
  } else if (change.settings === undefined) throw unknown(file, change.name);
  const edited = file.endsWith('.json') ? editJson(text, change) : await editYaml(text, change);
  await replaceFile(file, edited);
  return edited;
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

function editJson(text: string, { name, settings }: Edit): string {
  const config = (text.trim() === '' ? {} : JSON.parse(text)) as { plugins?: Entries };
  config.plugins ??= {};
  if (settings === undefined) delete config.plugins[name];
  else config.plugins[name] = { ...config.plugins[name], ...settings };
  const indent = /^[ \t]+(?=")/m.exec(text)?.[0] ?? '  ';
  return JSON.stringify(config, null, indent) + (text.endsWith('\n') || text === '' ? '\n' : '');
}

async function editYaml(text: string, { name, settings }: Edit): Promise<string> {
  const yaml = await import('yaml');
  const document = yaml.parseDocument(text);
  if (!yaml.isMap(document.contents)) document.contents = document.createNode({}) as unknown as typeof document.contents;
  if (!yaml.isMap(document.get('plugins', true))) document.set('plugins', document.createNode({}));
  if (settings === undefined) document.deleteIn(['plugins', name]);
  else {
    if (!yaml.isMap(document.getIn(['plugins', name], true))) document.setIn(['plugins', name], document.createNode({}));
    for (const [key, value] of Object.entries(settings)) document.setIn(['plugins', name, key], value);
  }
  const indent = /^( +)\S/m.exec(text)?.[1]?.length ?? 2;
  const isIndentedList = !/^( *)[^\s#][^\n]*:[ \t]*\n\1- /m.test(text);
  return document.toString({ lineWidth: 0, indent, indentSeq: isIndentedList, flowCollectionPadding: !/[{[][^\s\]}]/.test(text) });
}

/** A reader sees the old file or the new one, never half of one. */
async function replaceFile(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const target = await realpath(file).catch(() => file);
  const temporary = join(dirname(target), `.${basename(target)}.${randomUUID()}`);
  try {
    await writeFile(temporary, text, { mode: 0o644, flag: 'wx' });
    const before = await stat(target).catch(() => undefined);
    if (before !== undefined) await chmod(temporary, before.mode & 0o777);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new HostError('CONFIG_INVALID', `Cannot write "${file}": ${(error as Error).message}`, { cause: error });
  }
}
