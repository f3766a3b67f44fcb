import { basename, join } from 'node:path';
import { folderTarget } from '../../host/conformance/make-target.ts';
import type { Json, Target } from '../../host/conformance/types.ts';
import { installed } from '../sdk/python/python.ts';

interface Surroundings {
  readonly config?: Json;
  readonly env?: Readonly<Record<string, string>>;
}

/** Samples that serve only where something is theirs: a file, a folder, a package. Left alone they decline, or write into their own folder. */
const NEEDED: Readonly<Record<string, (scratch: string) => Surroundings>> = {
  'command-log': (scratch) => ({ config: { file: join(scratch, 'commands.jsonl') } }),
  'experiment-tracker': (scratch) => ({ config: { folder: join(scratch, 'runs') } }),
  'keyring-auth': () => ({
    env: {
      PYTHONPATH: `../../sdk/python:${installed('keyring')}`,
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
