import { execFileSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { folderTarget } from '../../host/conformance/make-target.ts';
import type { Json, Target } from '../../host/conformance/types.ts';

interface Surroundings {
  readonly config?: Json;
  readonly env?: Readonly<Record<string, string>>;
}

/** Samples that serve only where something is theirs: a folder, a package. Left alone they decline. */
const NEEDED: Readonly<Record<string, (scratch: string) => Surroundings>> = {
  'experiment-tracker': (scratch) => ({ config: { folder: join(scratch, 'runs') } }),
  'keyring-auth': (scratch) => ({
    env: {
      PYTHONPATH: `../../sdk/python:${installed('keyring', join(scratch, 'packages'))}`,
      PYTHON_KEYRING_BACKEND: 'keyring.backends.null.Keyring',
    },
  }),
};

/** The plugin as something to test, with what it needs to serve in `scratch`, a folder of its own. */
export async function servingTarget(folder: string, scratch: string): Promise<Target> {
  const { config = {}, env = {} } = NEEDED[basename(folder)]?.(scratch) ?? {};
  const target = await folderTarget(folder, { cwd: process.cwd(), env: process.env, cacheDir: join(scratch, 'cache'), config });
  return { ...target, launch: { ...target.launch, env: { ...target.launch.env, ...env } } };
}

/** A folder with a package of the package index, and what that stands on. */
function installed(requirement: string, folder: string): string {
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--root-user-action=ignore', '--target', folder];
  execFileSync('python3', [...pip, requirement], { stdio: 'pipe' });
  return folder;
}
