import { realpath } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Config, Permissions } from '@outrigger/schemas';
import { isWithin } from '../sandbox/policy/real-path.ts';
import { dataFolder } from './data-folder.ts';
import { type Environment, type FoundConfigs, lockFileOf } from './find-config.ts';
import { loadDocument } from './load-document.ts';
import { absolutePaths } from './merge-config.ts';

export interface PlantingContext {
  readonly env: Environment;
  readonly cacheDir: string | undefined;
}

interface Writer {
  readonly plugin: string;
  readonly path: string;
}

/**
 * Why a config that was walked into may be the work of a plugin; undefined when nothing that is known lets one write there. Known are the
 * user's own config and the project configs further up, with their lock files. Grants below `${workspace}` count for every folder
 * above the config, for nobody knows where a host was started.
 */
export async function whyPlanted({ upward, above, files }: FoundConfigs, context: PlantingContext): Promise<string | undefined> {
  if (upward === undefined) return undefined;
  const folder = await realpath(dirname(upward));
  const named = `; if it is yours, name it with --config "${upward}"`;
  if (isWithin(folder, await realPlace(join(dataFolder(context.env, {}), 'data')))) return inData(upward) + named;
  for (const ruler of [...files, ...above].filter((file) => file !== upward)) {
    const config = await readConfig(ruler, context);
    if (config.dataDir !== undefined && isWithin(folder, await realPlace(join(config.dataDir, 'data')))) return inData(upward) + named;
    for (const { plugin, path } of [...writersIn(config), ...(await writersInLock(ruler, context))])
      if (await isWritten(folder, path, ruler)) return `Cannot use "${upward}": plugin "${plugin}" may write there, by "${ruler}"${named}`;
  }
  return undefined;
}

function inData(file: string): string {
  return `Cannot use "${file}": it lies in the data folder of a plugin`;
}

async function readConfig(file: string, { env, cacheDir }: PlantingContext): Promise<Config> {
  // A mistake in one that is in force stops the host elsewhere; in another one it grants nothing.
  const { value } = await loadDocument('config', file, { cacheDir });
  return absolutePaths(value ?? {}, dirname(file), env['HOME']);
}

function writersIn({ plugins = {} }: Config): Writer[] {
  return Object.entries(plugins).flatMap(([plugin, { trust, grant }]) => (trust === 'full' ? [] : writesOf(plugin, grant)));
}

async function writersInLock(config: string, { cacheDir }: PlantingContext): Promise<Writer[]> {
  const { value } = await loadDocument('lock', lockFileOf(config), { cacheDir });
  return Object.entries(value?.plugins ?? {}).flatMap(([plugin, { trust, grant, wrote = [] }]) =>
    trust === 'full' ? [] : [...writesOf(plugin, grant), ...wrote.map((path) => ({ plugin, path }))],
  );
}

function writesOf(plugin: string, grant: Permissions | undefined): Writer[] {
  return (grant?.fs?.write ?? []).map((path) => ({ plugin, path }));
}

async function isWritten(folder: string, path: string, ruler: string): Promise<boolean> {
  const [, variable, below] = /^\$\{(workspace|config)\}\/(.+)$/.exec(path) ?? [];
  if (variable === 'workspace') return foldersAbove(folder).some((each) => isWithin(folder, resolve(each, below ?? '')));
  if (variable === 'config') return isWithin(folder, await realPlace(join(dirname(ruler), below ?? '')));
  return path.startsWith('/') && isWithin(folder, await realPlace(path));
}

function foldersAbove(folder: string): string[] {
  return folder === dirname(folder) ? [folder] : [folder, ...foldersAbove(dirname(folder))];
}

function realPlace(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path));
}
