import { normalize } from 'node:path';

/** What stands for `${workspace}` and `${config}`; absolute. */
export type PathVariables = Readonly<Record<'workspace' | 'config', string>>;

/** True for paths that mean the plugin's own data folder, which it sees as /data. */
export function isOwnData(text: string): boolean {
  return /^\$\{data\}(\/|$)/.test(text) && whyMalformed(text) === undefined;
}

/** Fills in the variables of a path; a reason when it is none that can be granted. Pure. */
export function fillIn(text: string, variables: PathVariables): { readonly path: string } | { readonly why: string } {
  const why = whyMalformed(text);
  if (why !== undefined) return { why };
  const path = text.replace(/^\$\{(workspace|config)\}(?=\/|$)/, (_all, name: 'workspace' | 'config') => variables[name]);
  if (/\$\{/.test(path)) return { why: `only \${workspace}, \${config} and \${data} are filled in, at the beginning` };
  if (!path.startsWith('/')) return { why: `it is relative; begin with \${workspace}, \${config}, \${data} or /` };
  return { path: normalize(`${path}/`).slice(0, -1) || '/' };
}

function whyMalformed(text: string): string | undefined {
  if (text === '') return 'it is empty';
  if (/\p{Cc}/u.test(text)) return 'it has a control character';
  if (/[*?]/.test(text)) return 'globs are not supported; name a folder';
  if (text.split('/').includes('..')) return 'it steps out with ".."; write where it leads';
  return undefined;
}
