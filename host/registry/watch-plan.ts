import { basename, dirname, join, relative } from 'node:path';
import { LOCK_NAME } from './find-config.ts';
import { MANIFEST_FILES } from './load-manifest.ts';
import type { RegisteredPlugin, Registry } from './types.ts';

/** A folder in which some files matter. */
export interface WatchItem {
  /** Plugin whose code it is; undefined: the configuration. */
  readonly plugin: string | undefined;
  readonly folder: string;
  /** How many folders deep; 0: the folder itself. */
  readonly depth: number;
  /** By path relative to the folder. */
  readonly matters: (path: string) => boolean;
}

/** Programs by their names; what else lies in a plugin's folder may be its data, and a reload for every write to it would never end. */
const CODE = /\.(?:[cm]?[jt]sx?|py|rb|pl|pm|sh|bash|lua|php|jar|class|wasm|so|node|dylib|dll|exe)$/i;
const DEPTH = 8;

/** What a host must look at to notice that its configuration or its plugins have changed. */
export function watchPlan({ config, configFiles, plugins }: Registry): WatchItem[] {
  const files = configFiles.flatMap((file) => [file, join(dirname(file), LOCK_NAME)]);
  const byFolder = Map.groupBy(files, (file) => dirname(file));
  const configs = [...byFolder].map(([folder, all]) => {
    const names = new Set(all.map((file) => basename(file)));
    return { plugin: undefined, folder, depth: 0, matters: (path: string) => names.has(path) };
  });
  const folders = (config.pluginFolders ?? []).map((folder) => {
    return { plugin: undefined, folder, depth: 1, matters: (path: string) => MANIFEST_FILES.includes(basename(path)) };
  });
  return [...configs, ...folders, ...[...plugins.values()].flatMap(codeOf)];
}

function codeOf({ name, state, directory, manifest }: RegisteredPlugin): WatchItem[] {
  if (directory === undefined || state === 'disabled' || state === 'without') return [];
  const { command = '', args = [] } = manifest?.runtime ?? {};
  const named = new Set([...MANIFEST_FILES, ...[command, ...args].map((word) => relative(directory, join(directory, word)))]);
  return [{ plugin: name, folder: directory, depth: DEPTH, matters: (path) => named.has(path) || CODE.test(path) }];
}
