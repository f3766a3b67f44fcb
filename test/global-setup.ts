import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Plugin processes run the built SDK, and some tests the built host: both are built first, so that no test runs against an old one. */
export function setup(): void {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const run = (...words: string[]): Buffer => execFileSync(process.execPath, words, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  run(`${root}node_modules/typescript/bin/tsc`, '-b', 'schemas', 'sdk/typescript', 'host');
  run(`${root}host/build.mjs`);
}
