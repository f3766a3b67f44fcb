import { lstatSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isWithin } from '../policy/real-path.ts';
import type { Mount } from '../types.ts';
import { readStart } from './read-start.ts';

const SDK = '@outrigger/sdk';
const MAX_PACKAGES = 64;
const MAX_MANIFEST_BYTES = 1_048_576;
const PACKAGE_NAME = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/;
const HOST = import.meta.dirname;

interface Package {
  /** Real path of its folder. */
  readonly folder: string;
  readonly dependencies: readonly string[];
}

/**
 * The host's own SDK and what it depends on, when a plugin finds an SDK above its own folder, as in a workspace: seen in /node_modules, where
 * the same import finds them. What lies above the plugin is not shown itself: nobody accepted it, and it may change at any time.
 */
export function hoistedPackages(directory: string, host: string = HOST): readonly Mount[] {
  // As Node looks for it: from where the program really lies.
  const real = realOf(directory);
  const packages = findsSdk(real) ? ownPackages(host) : [];
  return packages.filter(({ source }) => !isWithin(real, source) && !isWithin(source, real));
}

function realOf(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    // Not there: the start says so.
    return directory;
  }
}

const found = new Map<string, readonly Mount[]>();

/** The SDK that the host itself would import, with all that it needs; looked for once. Empty where the host has none. */
export function ownPackages(host: string = HOST): readonly Mount[] {
  const mounts = found.get(host) ?? findPackages(host);
  found.set(host, mounts);
  return mounts;
}

function findPackages(host: string): Mount[] {
  const mounts = new Map<string, Mount>();
  const waiting = [{ name: SDK, from: host }];
  for (const { name, from } of waiting) {
    const target = `/node_modules/${name}`;
    const found = mounts.has(target) || mounts.size >= MAX_PACKAGES ? undefined : findPackage(name, from);
    if (found === undefined) continue;
    mounts.set(target, { source: found.folder, target });
    waiting.push(...found.dependencies.map((dependency) => ({ name: dependency, from: found.folder })));
  }
  return [...mounts.values()];
}

function findsSdk(directory: string): boolean {
  for (let folder = dirname(directory); ; folder = dirname(folder)) {
    if (lstatSync(join(folder, 'node_modules', SDK), { throwIfNoEntry: false }) !== undefined) return true;
    if (folder === dirname(folder)) return false;
  }
}

function findPackage(name: string, from: string): Package | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = readPackage(name, join(folder, 'node_modules', name));
    if (found !== undefined || folder === dirname(folder)) return found;
  }
}

/** The package in a folder, if it is the one of this name: a link to any other folder shows nothing. */
function readPackage(name: string, path: string): Package | undefined {
  try {
    const folder = realpathSync(path);
    const manifest: unknown = JSON.parse(readStart(join(folder, 'package.json'), MAX_MANIFEST_BYTES));
    if (!isRecord(manifest) || manifest['name'] !== name) return undefined;
    const { dependencies } = manifest;
    return { folder, dependencies: isRecord(dependencies) ? Object.keys(dependencies).filter((each) => PACKAGE_NAME.test(each)) : [] };
  } catch {
    // Not there, or not a package: Node would look further up as well.
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
