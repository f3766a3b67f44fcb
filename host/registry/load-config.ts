import { dirname } from 'node:path';
import type { Config } from '@outrigger/schemas';
import { HostError } from '../protocol/errors.ts';
import { type Environment, findConfig } from './find-config.ts';
import { loadDocument, mistakes } from './load-document.ts';
import { absolutePaths, mergeConfigs } from './merge-config.ts';
import type { Problem } from './types.ts';

export interface LoadConfigOptions {
  /** A file, the config itself, or false for none. Left out: it is looked for. */
  readonly config?: string | Config | false | undefined;
  readonly cwd: string;
  readonly env: Environment;
  readonly cacheDir?: string | undefined;
}

export interface LoadedConfig {
  /** Merged; every path in it is absolute. */
  readonly config: Config;
  /** Strongest first. */
  readonly files: readonly string[];
  /** Where a field stands, in the strongest file that has it; empty for a config given as an object. */
  place(pointer: string): Promise<Pick<Problem, 'file' | 'line' | 'column' | 'pointer'>>;
}

/** Finds, checks and merges the configuration. Throws CONFIG_INVALID, naming every mistake, because half a config protects nobody. */
export async function loadConfig({ config, cwd, env, cacheDir }: LoadConfigOptions): Promise<LoadedConfig> {
  const home = env['HOME'];
  if (config === false) return { config: withEnvironment({}, env), files: [], place: async (pointer) => ({ pointer }) };
  if (typeof config === 'object') {
    const issues = await mistakes('config', config);
    refuse(issues.map((issue) => ({ severity: 'error', ...issue })));
    return { config: withEnvironment(absolutePaths(config, cwd, home), env), files: [], place: async (pointer) => ({ pointer }) };
  }
  const found = await findConfig({ explicit: config, cwd, env });
  refuse(found.problems);
  const loaded = await Promise.all(found.files.map((file) => loadDocument('config', file, { cacheDir })));
  refuse(loaded.flatMap(({ problems }) => problems));
  const configs = loaded.map(({ value }, index) => absolutePaths(value as Config, dirname(found.files[index] as string), home));
  return {
    config: withEnvironment(
      configs.reduceRight((weak, strong) => mergeConfigs(strong, weak), {}),
      env,
    ),
    files: found.files,
    place: async (pointer) => {
      const index = Math.max(
        0,
        configs.findIndex((one) => hasPointer(one, pointer)),
      );
      const file = found.files[index];
      return file === undefined ? { pointer } : { file, ...(await loaded[index]?.locate(pointer)), pointer };
    },
  };
}

/** A problem on one line: `file:line:column: pointer: message`, as editors understand it. */
export function formatProblem({ file, line, column, pointer, message }: Problem): string {
  const place = file === undefined ? [] : [line === undefined ? file : `${file}:${line}:${column ?? 1}`];
  return [...place, ...(pointer ? [pointer] : []), message].join(': ');
}

function refuse(problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  throw new HostError('CONFIG_INVALID', `Cannot use the configuration: ${problems.map(formatProblem).join('\n')}`, { data: problems });
}

function withEnvironment(config: Config, env: Environment): Config {
  const dataDir = env['OUTRIGGER_DATA_DIR'];
  return dataDir ? { ...config, dataDir } : config;
}

function hasPointer(config: unknown, pointer: string): boolean {
  let value = config;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, key)) return false;
    value = (value as Record<string, unknown>)[key];
  }
  return true;
}
