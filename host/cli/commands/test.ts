import { existsSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buildPlugin } from '../../conformance/build-plugin.ts';
import { junit } from '../../conformance/junit.ts';
import { commandTarget, folderTarget } from '../../conformance/make-target.ts';
import { runChecks } from '../../conformance/run-checks.ts';
import type { Framing, Level, Report, Target } from '../../conformance/types.ts';
import { isProgram, resolveCommand } from '../../process/resolve-command.ts';
import { HostError } from '../../protocol/errors.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { parseObject } from '../parse-object.ts';
import { testReport } from '../print/test-report.ts';
import { tellBuild } from '../tell-build.ts';
import { UsageError } from '../usage-error.ts';
import { cacheFolder } from '../user-folders.ts';

/** What the command line says about one plugin under test. */
export interface TargetOptions {
  readonly level?: string;
  readonly hooks?: string;
  readonly framing?: Framing;
  readonly junit?: string;
  readonly sandbox?: boolean;
  readonly pluginConfig?: string;
  readonly catalog?: readonly string[];
  /** False: a Makefile is left alone. */
  readonly build?: boolean;
}

/** `outrigger test`: 1 when the plugin fails something it claims. */
export async function testPlugin(context: CliContext, words: readonly string[], options: TargetOptions): Promise<number> {
  const target = await targetOf(context, words, options);
  const level = options.level === undefined ? {} : { level: Number(options.level) as Level };
  const report = await runChecks(target, level);
  if (options.junit !== undefined) writeReport(resolve(context.cwd, options.junit), report);
  context.answer(report, () => testReport(report, context.paint));
  return report.ok ? EXIT.done : EXIT.failed;
}

/** One word that is a folder is a plugin's; all else is a command. */
export async function targetOf(context: CliContext, words: readonly string[], options: TargetOptions): Promise<Target> {
  const { cwd, env } = context;
  const cacheDir = cacheFolder(env) ?? join(tmpdir(), 'outrigger');
  const config = options.pluginConfig === undefined ? {} : { config: parseObject(options.pluginConfig, { what: 'configuration', cwd }) };
  const place = { cwd, env, cacheDir, ...config, catalogs: options.catalog ?? [] };
  const [first = '.'] = words;
  const folder = resolve(cwd, first);
  if (words.length <= 1 && isFolder(folder)) {
    if (options.hooks !== undefined)
      throw new UsageError(`Cannot use --hooks with the folder "${first}": its manifest names its hook points`);
    if (options.build !== false) await buildPlugin(folder, env, tellBuild(context, folder));
    return folderTarget(first, { ...place, isConfined: options.sandbox === true });
  }
  refuseOdd(words, { cwd, path: env['PATH'] ?? '' });
  if (options.sandbox === true) throw new UsageError('Cannot use --sandbox with a bare command: only a manifest says what it asks for');
  const hooks = (options.hooks ?? '').split(',').map((name) => name.trim());
  return commandTarget(words, { ...place, hooks: hooks.filter(Boolean), ...(options.framing ? { framing: options.framing } : {}) });
}

/** Throws where a folder or a program was meant and there is none; all else is said when the program starts. */
function refuseOdd(words: readonly string[], { cwd, path }: { readonly cwd: string; readonly path: string }): void {
  const [first = '', ...more] = words;
  const file = resolve(cwd, first);
  const refuse = (why: string): never => {
    throw new HostError('CONFIG_INVALID', `Cannot test "${words.join(' ')}": ${why}`);
  };
  if (isFolder(file) && more.length > 0) refuse(`"${first}" is a folder; name one folder, or a command after "--"`);
  if (!existsSync(file) && more.length === 0 && 'problem' in resolveCommand(first, cwd, path))
    refuse(`there is no folder "${file}", and no such program`);
  if (first.includes('/') && existsSync(file) && !isProgram(file))
    refuse(`"${file}" may not be executed; run chmod +x, or name its interpreter, as in: outrigger test -- python3 ${first}`);
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}

function writeReport(file: string, report: Report): void {
  try {
    writeFileSync(file, junit(report));
  } catch (error) {
    throw new HostError('STORAGE_FAILED', `Cannot write the report "${file}": ${(error as Error).message}`);
  }
}
