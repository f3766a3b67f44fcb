import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Config } from '@outrigger/schemas';
import { HostError } from '../protocol/errors.ts';
import { keysOf } from '../protocol/json-pointer.ts';
import { isWithin } from '../sandbox/policy/real-path.ts';
import { type Environment, findConfig } from './find-config.ts';
import { checkObject, type LoadedDocument, loadDocument, mistakes } from './load-document.ts';
import { valueAt } from './match.ts';
import { absolutePaths, mergeConfigs } from './merge-config.ts';
import { whyPlanted } from './planted-config.ts';
import type { Problem } from './types.ts';

export interface LoadConfigOptions {
  /** A file, the config itself, or false for none. Left out: it is looked for. */
  readonly config?: string | Config | false | undefined;
  readonly cwd: string;
  readonly env: Environment;
  readonly cacheDir?: string | undefined;
  /** Safe mode must work however broken a file is: what cannot be used is left out, and a warning. */
  readonly isSafe?: boolean | undefined;
}

/** An entry under `plugins` that cannot be used; the others can. */
export interface BrokenEntry {
  readonly isRequired: boolean;
  readonly problems: readonly Problem[];
}

export interface LoadedConfig {
  /** Plugins whose entry is a mistake, by name; they are not in `config`. */
  readonly broken: ReadonlyMap<string, BrokenEntry>;
  /** Files that were left out in safe mode, and why. */
  readonly problems: readonly Problem[];
  /** Merged; every path in it is absolute. */
  readonly config: Config;
  /** Strongest first. */
  readonly files: readonly string[];
  /** Where a field stands, in the strongest file that has it; empty for a config given as an object. */
  place(pointer: string): Promise<Pick<Problem, 'file' | 'line' | 'column' | 'pointer'>>;
}

/** Finds, checks and merges the configuration. Throws CONFIG_INVALID, naming every mistake, because half a config protects nobody. */
export async function loadConfig({ config, cwd, env, cacheDir, isSafe = false }: LoadConfigOptions): Promise<LoadedConfig> {
  const home = env['HOME'];
  const none = { files: [], broken: new Map(), problems: [], place: async (pointer: string) => ({ pointer }) };
  if (config === false) return { config: withEnvironment({}, env), ...none };
  if (typeof config === 'object') {
    const checked = await checkObject('config', config, { cacheDir });
    if ('issues' in checked) throw refusal(checked.issues.map((issue) => ({ severity: 'error', ...issue })));
    return { config: withEnvironment(absolutePaths(checked.value, cwd, home), env), ...none };
  }
  const found = await findConfig({ explicit: config, cwd, env });
  refuse(found.problems);
  const planted = await whyPlanted(found, { env, cacheDir });
  if (planted !== undefined) refuse([{ severity: 'error', file: found.upward ?? '', message: planted }]);
  const loaded = await Promise.all(found.files.map((file) => loadDocument('config', file, { cacheDir })));
  const broken = new Map<string, BrokenEntry>();
  const usable = await Promise.all(loaded.map((document) => document.value ?? withoutBroken(document, broken)));
  const unusable = loaded.filter((_, index) => usable[index] === undefined).flatMap(({ problems }) => problems);
  if (!isSafe) refuse(unusable);
  const configs = usable.map((value, index) => absolutePaths(value ?? {}, dirname(found.files[index] as string), home));
  const walkedInto = found.files.indexOf(found.upward ?? '');
  refuse(await strayPaths(configs[walkedInto], loaded[walkedInto], found.upward));
  return {
    config: withEnvironment(
      configs.reduceRight((weak, strong) => mergeConfigs(strong, weak), {}),
      env,
    ),
    files: found.files,
    broken,
    problems: unusable.map((problem) => ({ ...problem, severity: 'warning' })),
    place: async (pointer) => {
      const index = Math.max(
        0,
        configs.findIndex((one) => valueAt(one, keysOf(pointer)) !== undefined),
      );
      const file = found.files[index];
      return file === undefined ? { pointer } : { file, ...(await loaded[index]?.locate(pointer)), pointer };
    },
  };
}

/** The config without the plugins whose entries are mistakes; undefined when something else is wrong with it. */
async function withoutBroken({ raw, problems }: LoadedDocument<Config>, broken: Map<string, BrokenEntry>): Promise<Config | undefined> {
  const byPlugin = Map.groupBy(problems, ({ pointer = '' }) => /^\/plugins\/([^/]+)/.exec(pointer)?.[1]);
  if (raw === undefined || byPlugin.has(undefined)) return undefined;
  const { plugins, ...rest } = raw as { plugins: Record<string, { required?: unknown } | null> };
  const kept = Object.entries(plugins).filter(([name]) => !byPlugin.has(name));
  const config = { ...rest, plugins: Object.fromEntries(kept) };
  if ((await mistakes('config', config)).length > 0) return undefined;
  for (const [name, found] of byPlugin) {
    if (name !== undefined) broken.set(name, { isRequired: plugins[name]?.required === true, problems: found });
  }
  return config as Config;
}

/** A config one merely walks into must not choose files outside its own folder for the host to write to. */
async function strayPaths(
  config: Config | undefined,
  loaded: LoadedDocument<Config> | undefined,
  file: string | undefined,
): Promise<Problem[]> {
  if (config === undefined || file === undefined) return [];
  const folder = await realpath(dirname(file));
  const problems: Problem[] = [];
  for (const [pointer, path] of Object.entries({ '/dataDir': config.dataDir, '/traces/file': config.traces?.file })) {
    if (path === undefined || isWithin(await realPlace(path), folder)) continue;
    const message = `"${path}" is outside "${folder}"; a config found upward writes inside its own folder, name it with --config to allow more`;
    problems.push({ severity: 'error', file, ...(await loaded?.locate(pointer)), pointer, message });
  }
  return problems;
}

/** Where a path leads, links followed as far as it exists. */
async function realPlace(path: string): Promise<string> {
  const real = await realpath(path).catch(() => undefined);
  if (real !== undefined || path === dirname(path)) return real ?? path;
  return join(await realPlace(dirname(path)), basename(path));
}

/** A problem on one line: `file:line:column: pointer: message`, as editors understand it. */
export function formatProblem({ file, line, column, pointer, message }: Problem): string {
  const place = file === undefined ? [] : [line === undefined ? file : `${file}:${line}:${column ?? 1}`];
  return [...place, ...(pointer ? [pointer] : []), message].join(': ');
}

function refuse(problems: readonly Problem[]): void {
  if (problems.length > 0) throw refusal(problems);
}

function refusal(problems: readonly Problem[]): HostError {
  return new HostError('CONFIG_INVALID', `Cannot use the configuration: ${problems.map(formatProblem).join('\n')}`, { data: problems });
}

function withEnvironment(config: Config, env: Environment): Config {
  const dataDir = env['OUTRIGGER_DATA_DIR'];
  return dataDir ? { ...config, dataDir } : config;
}
