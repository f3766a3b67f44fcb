import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isWithin } from './system-layout.ts';
import type { Mount } from './types.ts';

const SDK = '@outrigger/sdk';
const MAX_PACKAGES = 64;
const MAX_MANIFEST_BYTES = 1_048_576;
const PACKAGE_NAME = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/;

interface Package {
  /** Real path of its folder. */
  readonly folder: string;
  readonly dependencies: readonly string[];
}

/**
 * The SDK and what it depends on, when a plugin finds them above its own folder, as in a workspace: seen in /node_modules, where the same
 * import finds them. Links inside the plugin's folder are not followed: it is the plugin that wrote them.
 */
export function hoistedPackages(directory: string): Mount[] {
  const mounts = new Map<string, Mount>();
  const above = dirname(directory);
  const waiting = above === directory ? [] : [{ name: SDK, from: above }];
  for (const { name, from } of waiting) {
    const target = `/node_modules/${name}`;
    const found = mounts.has(target) || mounts.size >= MAX_PACKAGES ? undefined : findPackage(name, from);
    if (found === undefined || isWithin(directory, found.folder) || isWithin(found.folder, directory)) continue;
    mounts.set(target, { source: found.folder, target });
    waiting.push(...found.dependencies.map((dependency) => ({ name: dependency, from: found.folder })));
  }
  return [...mounts.values()];
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
    const text = readFileSync(join(folder, 'package.json'), 'utf8');
    const manifest: unknown = text.length > MAX_MANIFEST_BYTES ? undefined : JSON.parse(text);
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
