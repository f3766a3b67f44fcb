import { relative } from 'node:path';
import type { Problem } from '../../registry/types.ts';
import { printable } from './printable.ts';

/** `plugins/a/plugin.yaml:3:5: /hooks: what is wrong`, the path as short as it can be from `cwd`. */
export function problemText(problem: Problem, cwd: string): string {
  const parts: string[] = [];
  if (problem.file !== undefined) {
    const place = [shortPath(problem.file, cwd), problem.line, problem.line === undefined ? undefined : problem.column];
    parts.push(place.filter((part) => part !== undefined).join(':'));
  }
  if (problem.pointer) parts.push(problem.pointer);
  return printable([...parts, problem.message].join(': '));
}

/** Relative when the path lies below `cwd`. */
export function shortPath(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return short === '' || short.startsWith('..') ? path : short;
}
