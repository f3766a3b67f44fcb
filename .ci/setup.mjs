/** Installs and builds what a fresh clone needs; does nothing when it is up to date. Runs on any Node ≥ 20. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = `${root}node_modules/.outrigger-lock`;

function run(command, args) {
  const done = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (done.status !== 0) {
    console.error(`Cannot set up: "${command} ${args.join(' ')}" failed${done.error ? `: ${done.error.message}` : ''}`);
    process.exit(1);
  }
}

const lock = createHash('sha256')
  .update(readFileSync(`${root}package-lock.json`))
  .digest('hex');
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(stamp, lock);
}
run(`${root}node_modules/.bin/node`, [`${root}node_modules/typescript/bin/tsc`, '-b', 'schemas', 'sdk/typescript', 'host']);
