import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describeExit, findProgram, launchCommand } from '../process/launch.ts';
import { within } from '../process/terminate.ts';
import { HostError } from '../protocol/errors.ts';

const BUILD_MS = 600_000;
const KEPT_CHARACTERS = 4000;
/** A build that is done by then needs no explanation, in milliseconds. */
const PATIENCE_MS = 1000;

/**
 * Runs `make` in a folder that has a Makefile, as compiled plugins need; true when it did. `onSlow` is called once when it takes longer
 * than a second. Throws PLUGIN_START_FAILED.
 */
export async function buildPlugin(
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
  onSlow: () => void = () => {},
): Promise<boolean> {
  if (!existsSync(join(folder, 'Makefile'))) return false;
  const refuse = (why: string): never => {
    throw new HostError('PLUGIN_START_FAILED', `Cannot build the plugin in "${folder}": ${why}`);
  };
  if (findProgram('make', folder, env['PATH'] ?? '') === undefined)
    refuse('"make" is not on the PATH; install it, or leave the build out with --no-build');
  const make = launchCommand({ command: 'make', args: ['-s'], cwd: folder, env, stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' });
  let said = '';
  for (const stream of [make.stdout, make.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      said = (said + chunk).slice(-KEPT_CHARACTERS);
    });
  }
  make.stdin?.end();
  const slow = setTimeout(onSlow, PATIENCE_MS);
  const isDone = await within(make.exited, BUILD_MS);
  clearTimeout(slow);
  if (!isDone) {
    make.signal('SIGKILL');
    refuse(`"make" did not end within ${BUILD_MS} ms`);
  }
  const exit = await make.exited;
  if (exit.code !== 0) refuse(`"make" ${describeExit(exit)}\n${said.trim()}`);
  return true;
}
