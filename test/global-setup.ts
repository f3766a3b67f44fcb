import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Plugin processes run the built SDK: build it first, so that no test runs against an old one. */
export function setup(): void {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const tsc = `${root}node_modules/typescript/bin/tsc`;
  execFileSync(process.execPath, [tsc, '-b', 'schemas', 'sdk/typescript', 'host'], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
}
