import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';

const ROOT = new URL('../../', import.meta.url);
const SKIPPED = new Set(['node_modules', 'dist', 'generated', 'fixtures']);

export interface Source {
  /** From the root of the repository, with slashes. */
  readonly path: string;
  readonly text: string;
}

export interface Import {
  readonly from: string;
  /** A path from the root for a relative import, else the name of the package. */
  readonly to: string;
  readonly isType: boolean;
}

/** Every source file below a folder, generated and built ones apart. */
export function sourcesOf(folder: string): Source[] {
  return readdirSync(new URL(`${folder}/`, ROOT), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : sourcesOf(path);
    return /\.m?[jt]s$/.test(entry.name) && !entry.name.endsWith('.d.ts')
      ? [{ path, text: readFileSync(new URL(path, ROOT), 'utf8') }]
      : [];
  });
}

/** What a file imports, statically or not. */
export function importsOf({ path, text }: Source): Import[] {
  const code = text.replace(/^\s*(\/\/|\*|\/\*).*$/gm, '');
  const found = [
    ...code.matchAll(/^\s*(?:import|export)\s+(?<type>type\s)?(?:[\w*{][^'";]*?\sfrom\s+)?'(?<to>[^']+)'/gm),
    ...code.matchAll(/\b(?:import|require(?:\.resolve)?)\(\s*'(?<to>[^']+)'/g),
    // createRequire(import.meta.url)('name')
    ...code.matchAll(/\bcreateRequire\([^)]*\)\(\s*'(?<to>[^']+)'/g),
  ];
  return found.map(({ index, groups }) => {
    const to = groups?.['to'] ?? '';
    // `typeof import('x')` names a type.
    const isType = groups?.['type'] !== undefined || /typeof\s+$/.test(code.slice(0, index));
    return { from: path, to: to.startsWith('.') ? posix.join(posix.dirname(path), to) : to, isType };
  });
}
