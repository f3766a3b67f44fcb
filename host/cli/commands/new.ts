import { join } from 'node:path';
import { buildPlugin } from '../../conformance/build-plugin.ts';
import { catalogNames } from '../../conformance/make-target.ts';
import { type Language, writePlugin } from '../../conformance/new-plugin.ts';
import { didYouMean } from '../../protocol/did-you-mean.ts';
import { HostError } from '../../protocol/errors.ts';
import { loadCatalogs } from '../../registry/load-catalogs.ts';
import type { LoadedHook } from '../../registry/types.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { printable } from '../print/printable.ts';
import { tellBuild } from '../tell-build.ts';

export interface NewOptions {
  readonly lang: Language;
  readonly hook?: readonly string[];
  readonly catalog?: readonly string[];
  readonly build: boolean;
}

/** `outrigger new`: a folder that passes `outrigger test` as it stands. */
export async function newPlugin(context: CliContext, name: string, options: NewOptions): Promise<number> {
  const { cwd, log } = context;
  const { lang: language, hook: names = ['conda.pre_command'], catalog = [] } = options;
  const catalogs = await loadCatalogs({ names: catalogNames({ cwd, catalogs: catalog }) });
  const folder = join(cwd, name);
  const written = writePlugin({ name, language, folder, hooks: names.map((one) => find(one, catalogs.hooks)) });
  for (const part of written.missing) log.warn(`"${part}" is not shipped with this host: get the SDK from its registry`);
  const problem = options.build ? await build(context, folder) : undefined;
  if (problem !== undefined) log.warn(problem);
  context.answer({ name, language, folder, files: written.files, built: problem === undefined }, () =>
    [
      `${context.paint('strong', printable(name))} is in ${printable(folder)}: ${written.files.join(', ')}`,
      '',
      `outrigger test ${name}                   check what it does on the wire`,
      `outrigger dev ${name}                    run it, again after every change`,
      `outrigger plugins add ./${name} --trust  let "outrigger run" use it here, with your rights`,
    ].join('\n'),
  );
  return problem === undefined ? EXIT.done : EXIT.failed;
}

function find(name: string, hooks: ReadonlyMap<string, LoadedHook>): LoadedHook {
  const found = hooks.get(name);
  if (found !== undefined) return found;
  const guess = didYouMean(name, hooks.keys());
  throw new HostError(
    'HOOK_UNKNOWN',
    `Cannot write a handler of "${name}": no catalog declares it${guess}; name its catalog with --catalog`,
  );
}

/** The plugin is written all the same: what is missing can be installed later. */
async function build(context: CliContext, folder: string): Promise<string | undefined> {
  try {
    await buildPlugin(folder, context.env, tellBuild(context, folder));
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
