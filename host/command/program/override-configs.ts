import { didYouMean } from '../../protocol/did-you-mean.ts';
import { CommandExit } from './command-exit.ts';
import { readScalar } from './config-file.ts';
import { hasField, layOver } from './fit-config.ts';
import { chosen, type IdChoice, standard } from './standard.ts';
import type { CommandHook, ConfigType, InvocationData } from './types.ts';

export interface OverrideOptions extends IdChoice {
  /** Between the id of a config and the key. Default `::`. */
  readonly separator?: string;
  /** A key without an id that several configs have is an error. Default false: it is set in all of them. */
  readonly exclusive?: boolean;
  /** An argument that fits no config is an error. Default true, else it is left alone; the same for the other three. */
  readonly raiseOnNoMatches?: boolean;
  /** A prefix that several ids begin with is an error. */
  readonly raiseOnManyMatches?: boolean;
  /** Several separators in one argument are an error. */
  readonly raiseOnManySeparators?: boolean;
  /** An argument without an id before the separator, or without a key, is an error. */
  readonly raiseOnEmptySplit?: boolean;
}

/** What is wrong with an argument, and whether that is an error. */
interface Refusal {
  readonly cause: string;
  readonly raises: boolean;
}

interface Override {
  readonly targets: readonly ConfigType[];
  readonly path: readonly string[];
  readonly text: string;
}

/** Makes the hook that takes `key.sub=value` and `id::key=value` from the arguments that are no flags. Ends with exit code 2 for a wrong one. */
export function overrideConfigs(options: OverrideOptions = {}): CommandHook<InvocationData> {
  return standard(async (data: InvocationData): Promise<void> => {
    // Names are looked up among all configs, so that what a prefix means does not depend on which of them this hook cares for.
    const types = Object.values(data.configTypes);
    const mine = chosen(data.configTypes, options).filter(({ id }) => Object.hasOwn(data.configs, id));
    for (const argument of data.unknownArgs) {
      const found = findOverride(argument, types, options);
      if ('cause' in found) refuse(argument, found);
      else
        for (const type of mine)
          if (found.targets.includes(type)) await apply(argument, found, { type, config: data.configs[type.id] as object });
    }
  });
}

function refuse(argument: string, { cause, raises }: Refusal): void {
  if (raises) throw new CommandExit(2, `Cannot use argument "${argument}": ${cause}`);
}

function findOverride(argument: string, types: readonly ConfigType[], options: OverrideOptions): Override | Refusal {
  const { separator = '::', raiseOnManySeparators = true, raiseOnEmptySplit = true } = options;
  const equals = argument.indexOf('=');
  const left = equals < 0 ? argument : argument.slice(0, equals);
  const parts = left.split(separator);
  if (parts.length > 2) return { cause: `"${separator}" may stand there once`, raises: raiseOnManySeparators };
  const key = parts.at(-1) as string;
  const path = key.split('.');
  const prefix = parts.length === 2 ? parts[0] : undefined;
  if (prefix === '' || path.includes(''))
    return { cause: 'a part of its name is empty; write key=value or id::key=value', raises: raiseOnEmptySplit };
  if (equals < 0) return { cause: 'it is neither a flag nor key=value', raises: options.raiseOnNoMatches ?? true };
  const text = argument.slice(equals + 1);
  const targets = prefix === undefined ? sharedTargets(types, path, options) : prefixedTargets(types, { prefix, path }, options);
  return 'cause' in targets ? targets : { targets, path, text };
}

function sharedTargets(types: readonly ConfigType[], path: readonly string[], options: OverrideOptions): readonly ConfigType[] | Refusal {
  const { exclusive = false, raiseOnNoMatches = true } = options;
  const targets = types.filter((type) => hasField(type.make(), path));
  if (targets.length === 0) return { cause: noField(path, types), raises: raiseOnNoMatches };
  if (targets.length === 1 || !exclusive) return targets;
  return { cause: `several configs have this key: ${listOf(targets)}; write id::key=value`, raises: true };
}

function prefixedTargets(
  types: readonly ConfigType[],
  { prefix, path }: { prefix: string; path: readonly string[] },
  options: OverrideOptions,
): readonly ConfigType[] | Refusal {
  const { raiseOnNoMatches = true, raiseOnManyMatches = true } = options;
  const exact = types.filter(({ id }) => id === prefix);
  const found = exact.length > 0 ? exact : types.filter(({ id }) => id.startsWith(prefix));
  if (found.length > 1) return { cause: `"${prefix}" may mean ${listOf(found)}`, raises: raiseOnManyMatches };
  if (found.length === 0) {
    const hint = didYouMean(
      prefix,
      types.map(({ id }) => id),
    );
    return { cause: `no config is called "${prefix}"${hint}`, raises: raiseOnNoMatches };
  }
  return hasField(found[0]?.make(), path) ? found : { cause: noField(path, found), raises: raiseOnNoMatches };
}

function noField(path: readonly string[], types: readonly ConfigType[]): string {
  const [first = ''] = path;
  const known = new Set(types.flatMap((type) => Object.keys(type.make())));
  return `no config has the key "${path.join('.')}"${didYouMean(first, known)}`;
}

function listOf(types: readonly ConfigType[]): string {
  return types.map(({ id }) => `"${id}"`).join(', ');
}

async function apply(argument: string, { path, text }: Override, at: { type: ConfigType; config: object }): Promise<void> {
  const defaults = at.type.make();
  const value = await readValue(text, path.reduce(below, defaults as unknown));
  const tree = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
  const [mistake] = layOver(at.config, tree, defaults);
  if (mistake !== undefined) throw new CommandExit(2, `Cannot use argument "${argument}": "${path.join('.')}" ${mistake.message}`);
}

function below(node: unknown, key: string): unknown {
  return typeof node === 'object' && node !== null && Object.hasOwn(node, key) ? (node as Record<string, unknown>)[key] : undefined;
}

/** Text stays text where text belongs; all else is read as YAML. */
async function readValue(text: string, standardValue: unknown): Promise<unknown> {
  const read = await readScalar(text);
  if (read === undefined) return text;
  return typeof standardValue === 'string' && typeof read.value !== 'string' ? text : read.value;
}
