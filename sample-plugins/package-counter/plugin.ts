import { readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { definePlugin } from '@outrigger/sdk';

const OPTIONS = { name: { type: 'string', short: 'n' }, prefix: { type: 'string', short: 'p' } } as const;

/** Folder of the environment the command was for: the one it names, else the active one. */
function prefixOf(args: readonly string[], cwd: string): string | undefined {
  const { name, prefix } = parseArgs({ args: [...args], options: OPTIONS, strict: false }).values;
  if (typeof prefix === 'string') return resolve(cwd, prefix);
  const { CONDA_PREFIX: active, CONDA_EXE: program } = process.env;
  if (typeof name !== 'string') return active;
  const root = program && dirname(dirname(program));
  return name === 'base' ? root : root && join(root, 'envs', name);
}

export const plugin = definePlugin({
  hooks: {
    'conda.post_command': async ({ args, cwd = '/' }, { log }) => {
      const prefix = prefixOf(args, cwd);
      if (prefix === undefined) return {};
      try {
        const records = await readdir(join(prefix, 'conda-meta'));
        const packages = records.filter((file) => file.endsWith('.json')).length;
        log.info(`${packages} packages are installed in "${basename(prefix)}"`);
        return { metadata: { prefix, packages } };
      } catch (error) {
        log.warn(`Cannot count the packages in "${prefix}": ${(error as NodeJS.ErrnoException).code}; may this plugin read it?`);
        return {};
      }
    },
  },
});
