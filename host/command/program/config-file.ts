import { stat } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { jsonMistake } from '../../dispatcher/json-mistake.ts';
import { HostError } from '../../protocol/errors.ts';
import { readText } from '../../registry/load-document.ts';
import { readDocument } from '../../registry/read-document.ts';
import { replaceFile } from '../../registry/replace-file.ts';
import { toData } from './to-data.ts';

/** Largest config file that is read. */
export const MAX_CONFIG_BYTES: number = 1024 * 1024;
/** Deepest nesting of a config. */
const MAX_LEVELS = 64;

export type Extension = '.yaml' | '.yml' | '.json';
const EXTENSIONS: readonly Extension[] = ['.yaml', '.yml', '.json'];

export interface ConfigFile {
  readonly path: string;
  readonly exists: boolean;
}

/** The file of a path that may lack its extension: the preferred one if it is there, else YAML before JSON. Throws CONFIG_INVALID. */
export async function findConfigFile(path: string, at: { cwd: string; extension: Extension }): Promise<ConfigFile> {
  const full = resolve(at.cwd, path);
  const extension = extname(full).toLowerCase();
  if ((EXTENSIONS as readonly string[]).includes(extension)) return { path: full, exists: await isThere(full) };
  if (extension !== '')
    throw new HostError('CONFIG_INVALID', `Cannot use config file "${path}": its name must end with ${EXTENSIONS.join(', ')}`);
  for (const tried of [at.extension, ...EXTENSIONS]) if (await isThere(full + tried)) return { path: full + tried, exists: true };
  return { path: full + at.extension, exists: false };
}

/** What a config file says; an empty one says nothing. Throws CONFIG_INVALID with the place of the mistake. */
export async function readConfigFile(file: string): Promise<{ value: unknown; locate(pointer: string): string }> {
  const source = await readText(file, MAX_CONFIG_BYTES);
  if ('problem' in source) throw new HostError('CONFIG_INVALID', source.problem);
  const document = await readDocument(file.toLowerCase(), source.text);
  if ('issues' in document) {
    const [first] = document.issues;
    const place = first?.line === undefined ? '' : `:${first.line}:${first.column}`;
    throw new HostError('CONFIG_INVALID', `Cannot read "${file}${place}": ${first?.message.replace(/^Cannot read the file: /, '')}`);
  }
  const value = document.value ?? {};
  const mistake = jsonMistake(value, MAX_LEVELS);
  if (mistake !== undefined) throw new HostError('CONFIG_INVALID', `Cannot read "${file}": ${mistake}`);
  const locate = (pointer: string): string => {
    const { line, column } = document.locate(pointer);
    return `${file}:${line}:${column}`;
  };
  return { value, locate };
}

/** Writes a config, as JSON or YAML by the file's name. Throws CONFIG_INVALID, also for fields that are no data. */
export async function writeConfigFile(file: string, config: object): Promise<void> {
  const skipped: string[] = [];
  const data = toData(config, skipped);
  if (skipped.length > 0) {
    const fix = 'load this config without writing it (`write: false`)';
    throw new HostError('CONFIG_INVALID', `Cannot write "${file}": the field "${skipped[0]}" is no data; ${fix}`);
  }
  await replaceFile(file, extname(file).toLowerCase() === '.json' ? `${JSON.stringify(data, null, 4)}\n` : await yamlOf(data));
}

/** A value as it is written on the command line, read as YAML. Undefined: it is none. */
export async function readScalar(text: string): Promise<{ value: unknown } | undefined> {
  const document = await readDocument('value.yaml', text);
  if ('issues' in document || jsonMistake(document.value ?? null, MAX_LEVELS) !== undefined) return undefined;
  return { value: document.value };
}

async function yamlOf(data: unknown): Promise<string> {
  const { stringify } = await import('yaml');
  return stringify(data, { aliasDuplicateObjects: false });
}

async function isThere(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw new HostError('CONFIG_INVALID', `Cannot look for config file "${file}": ${(error as Error).message}`, { cause: error });
  }
}
