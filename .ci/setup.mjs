/** Installs and builds what a fresh clone needs; does nothing when it is up to date. Runs on any Node ≥ 20. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs';
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

try {
  accessSync(`${root}host`, constants.W_OK);
} catch {
  console.error(`Cannot set up: "${root}" cannot be written by this user; clone it into a folder of your own`);
  process.exit(1);
}

const lock = createHash('sha256')
  .update(readFileSync(`${root}package-lock.json`))
  .digest('hex');
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(stamp, lock);
}
// Plugins nobody trusts run in bubblewrap only. Where this may not install it, the tests that need it are reported as not run.
if (process.platform === 'linux' && process.getuid() === 0 && !existsSync('/usr/bin/bwrap') && existsSync('/usr/bin/apt-get')) {
  const apt = (...args) =>
    spawnSync('apt-get', args, { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, stdio: 'ignore' }).status === 0;
  const isThere = (apt('update', '-qq') || true) && apt('install', '-y', '-qq', 'bubblewrap');
  console.error(isThere ? 'Installed bubblewrap, the sandbox' : 'Could not install bubblewrap, the sandbox: apt-get install bubblewrap');
}
run(`${root}node_modules/.bin/node`, [`${root}node_modules/typescript/bin/tsc`, '-b', 'schemas', 'sdk/typescript', 'host']);
for (const script of ['host/build.mjs', 'host/dashboard/build.mjs']) run(`${root}node_modules/.bin/node`, [`${root}${script}`]);
