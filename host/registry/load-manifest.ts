import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest, Permissions } from '@outrigger/schemas';
import { inspectSchema } from '../protocol/inspect-schema.ts';
import type { Issue } from '../protocol/validator.ts';
import { type LoadedDocument, loadDocument } from './load-document.ts';

export const MANIFEST_FILES: readonly string[] = ['plugin.yaml', 'plugin.yml', 'plugin.json'];

/** Newest protocol version this host speaks. */
const PROTOCOL = 1;
const PLACEHOLDER = /^\$\{(workspace|data|config)\}(\/|$)/;

export interface LoadedManifest extends LoadedDocument<Manifest> {
  /** The manifest's file; undefined when the folder has none. */
  readonly file: string | undefined;
}

/** Reads and checks the manifest of one plugin's folder. Never throws for what is in it. */
export async function loadManifest(directory: string, cacheDir: string | undefined): Promise<LoadedManifest> {
  const found = MANIFEST_FILES.filter((name) => isThere(join(directory, name)));
  const [name] = found;
  if (name === undefined) {
    const message = `Cannot find a manifest in "${directory}": expected plugin.yaml, plugin.yml or plugin.json`;
    return { ...nowhere, file: undefined, problems: [{ severity: 'error', file: directory, message }] };
  }
  const file = join(directory, name);
  const loaded = await loadDocument('manifest', file, { cacheDir, rules: manifestMistakes });
  const extra = found.slice(1).map((other) => {
    const message = `Cannot use "${other}" too: "${name}" is the manifest; remove one of them`;
    return { severity: 'warning', file: join(directory, other), line: 1, column: 1, message } as const;
  });
  return { ...loaded, file, problems: [...loaded.problems, ...extra] };
}

const nowhere = { value: undefined, hash: '', locate: () => Promise.resolve(undefined) } as const;

function isThere(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // A file that may not be looked at is there: reading it will say what is wrong.
    return true;
  }
}

/** What the manifest's schema cannot say. */
function manifestMistakes(manifest: Manifest): Issue[] {
  const issues: Issue[] = [];
  if ((manifest.protocol ?? PROTOCOL) > PROTOCOL) {
    const message = `protocol ${manifest.protocol} needs a newer host: this one speaks protocol ${PROTOCOL}`;
    issues.push({ pointer: '/protocol', message });
  }
  issues.push(...runtimeMistakes(manifest));
  for (const [hook, { before = [], after = [] }] of Object.entries(manifest.hooks)) {
    const at = `/hooks/${hook}`;
    for (const [word, names] of Object.entries({ before, after })) {
      if (names.includes(manifest.name))
        issues.push({ pointer: `${at}/${word}`, message: `"${manifest.name}" cannot run ${word} itself: remove the name` });
    }
    for (const both of before.filter((name) => after.includes(name))) {
      issues.push({ pointer: `${at}/before`, message: `"${both}" stands in "after" too: keep one of them` });
    }
  }
  for (const key of ['permissions', 'optionalPermissions'] as const) issues.push(...pathMistakes(`/${key}`, manifest[key]));
  const refusal = manifest.configSchema && inspectSchema(manifest.configSchema);
  if (refusal !== undefined) issues.push({ pointer: '/configSchema', message: `cannot be used: ${refusal}` });
  return issues;
}

function runtimeMistakes({ runtime }: Manifest): Issue[] {
  const issues: Issue[] = [];
  const { command, args = [], env = {} } = runtime;
  const isNested = command.includes('/') && !command.startsWith('/');
  if (isNested && (!command.startsWith('./') || command.split('/').includes('..'))) {
    const message = `must be an absolute path, a path inside the plugin's folder that begins with "./", or a name on the PATH; got "${command}"`;
    issues.push({ pointer: '/runtime/command', message });
  }
  const texts = { command: [command], args, env: Object.values(env) };
  for (const [key, values] of Object.entries(texts)) {
    if (values.some((text) => text.includes('\0')))
      issues.push({ pointer: `/runtime/${key}`, message: 'must not contain a NUL character' });
  }
  return issues;
}

function pathMistakes(pointer: string, permissions: Permissions | undefined): Issue[] {
  const issues: Issue[] = [];
  for (const key of ['read', 'write'] as const) {
    for (const [index, path] of (permissions?.fs?.[key] ?? []).entries()) {
      const isRooted = path.startsWith('/') || /^[A-Za-z]:[\\/]/.test(path) || PLACEHOLDER.test(path);
      if (isRooted && !path.split(/[\\/]/).includes('..') && !path.includes('\0')) continue;
      const message = `must be an absolute path without "..", or begin with \${workspace}, \${data} or \${config}; got ${JSON.stringify(path)}`;
      issues.push({ pointer: `${pointer}/fs/${key}/${index}`, message });
    }
  }
  return issues;
}
