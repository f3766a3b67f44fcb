import { HostError } from '../../protocol/errors.ts';
import { type Extension, findConfigFile, readConfigFile, writeConfigFile } from './config-file.ts';
import { layOver } from './fit-config.ts';
import { chosen, type IdChoice, standard } from './standard.ts';
import type { CommandHook, ConfigType, InvocationData } from './types.ts';

export interface LoadOptions extends IdChoice {
  /** Extension of a file whose name has none. Default `.yaml`. */
  readonly extension?: Extension;
  /** Files by config id, relative to the program's folder. Default: the id. The flag wins. */
  readonly paths?: Readonly<Record<string, string>>;
  /** Flag that holds the path of a config. Default `{id}_path`. */
  readonly pathArgument?: (id: string) => string;
  /** Write the defaults where a file is missing. Default true. */
  readonly write?: boolean;
  /** A missing file is an error. Default false. */
  readonly raiseOnMissing?: boolean;
}

/** Makes the hook that loads configs from files, over their defaults. Configs that are loaded already stay. */
export function loadConfigs(options: LoadOptions = {}): CommandHook<InvocationData> {
  return standard(async (data: InvocationData): Promise<void> => {
    for (const type of chosen(data.configTypes, options)) {
      if (Object.hasOwn(data.configs, type.id)) continue;
      data.configs[type.id] = await loadConfig(type, data, options);
    }
    // Whoever was loaded first, configs stand in the order they were registered in.
    const ids = Object.keys(data.configTypes).filter((id) => Object.hasOwn(data.configs, id));
    data.configs = Object.fromEntries(ids.map((id) => [id, data.configs[id] as object]));
  });
}

/** Reads a config from data that come from `source`. Throws CONFIG_INVALID with every mistake. */
export function configFrom(type: ConfigType, data: unknown, source: (pointer: string) => string): object {
  const config = type.make();
  const mistakes = layOver(config, data, type.make());
  if (mistakes.length === 0) return config;
  const list = mistakes.map(({ pointer, message }) => `${source(pointer)}: ${pointer === '' ? 'the config' : `"${pointer}"`} ${message}`);
  throw new HostError('CONFIG_INVALID', `Cannot load config "${type.id}": ${list.slice(0, 20).join('\n')}`, { data: mistakes });
}

async function loadConfig(type: ConfigType, data: InvocationData, options: LoadOptions): Promise<object> {
  const { extension = '.yaml', paths = {}, pathArgument = pathFlagOf, write = true, raiseOnMissing = false } = options;
  const given = data.knownArgs[pathArgument(type.id)];
  const path = typeof given === 'string' && given !== '' ? given : (paths[type.id] ?? type.id);
  const file = await findConfigFile(path, { cwd: data.cwd, extension });
  if (file.exists) {
    const { value, locate } = await readConfigFile(file.path);
    return configFrom(type, value, locate);
  }
  if (raiseOnMissing) throw new HostError('CONFIG_INVALID', `Cannot load config "${type.id}": there is no file "${file.path}"`);
  const config = type.make();
  if (write) await writeConfigFile(file.path, config);
  return config;
}

/** The name that the path of a config is known under. */
export function pathFlagOf(id: string): string {
  return `${id}_path`;
}
