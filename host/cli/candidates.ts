import type { Command, Option } from 'commander';

/** What may stand at the cursor. */
export type Wanted =
  | { readonly kind: 'words'; readonly words: readonly Candidate[] }
  | { readonly kind: 'plugins' | 'sets' | 'hooks' | 'files' }
  /** The wrapped command's own completion: its name is word number `offset`, the first word after `outrigger` being 1. */
  | { readonly kind: 'command'; readonly offset: number };

export interface Candidate {
  readonly word: string;
  readonly description: string;
}

const OPTION_VALUES: Readonly<Record<string, 'plugins' | 'hooks' | 'files'>> = {
  '--without': 'plugins',
  '--plugin': 'plugins',
  '--inspect-plugin': 'plugins',
  '--hook': 'hooks',
  '--config': 'files',
  '--payload': 'files',
};

/** Reads the words typed so far, the last one being the one at the cursor, against the program's own declaration. */
export function candidates(program: Command, typed: readonly string[]): Wanted {
  // bash splits `--config=x` into three words.
  const words = typed.filter((word) => word !== '=');
  const current = words.at(-1) ?? '';
  const { command, position, wrapped, pending } = walk(program, words.slice(0, -1));
  if (wrapped !== undefined) return { kind: 'command', offset: wrapped };
  if (pending) return valuesOf(pending);
  if (current.startsWith('-')) return { kind: 'words', words: command.options.filter(({ hidden }) => !hidden).map(optionCandidate) };
  if (isWrapper(command)) return { kind: 'command', offset: words.length };
  return command.commands.length > 0 ? subcommands(command) : argumentValues(command, position);
}

interface Place {
  readonly command: Command;
  /** Arguments given so far. */
  readonly position: number;
  /** Where the wrapped command begins, when it has begun. */
  readonly wrapped?: number;
  /** The option whose value stands at the cursor. */
  readonly pending?: Option;
}

function walk(program: Command, before: readonly string[]): Place {
  let command = program;
  let position = 0;
  let pending: Option | undefined;
  for (const [index, word] of before.entries()) {
    if (pending) {
      pending = undefined;
      continue;
    }
    const option = optionOf(command, word);
    const wrapped = option ? undefined : wrappedAt(command, word, index);
    if (wrapped !== undefined) return { command, position, wrapped };
    pending = option?.required && !word.includes('=') ? option : undefined;
    const child = command.commands.find((one) => one.name() === word);
    command = child ?? command;
    if (!child && !word.startsWith('-')) position += 1;
  }
  return { command, position, ...(pending ? { pending } : {}) };
}

function isWrapper(command: Command): boolean {
  return command.name() === 'run';
}

function wrappedAt(command: Command, word: string, index: number): number | undefined {
  if (!isWrapper(command)) return undefined;
  return index + (word === '--' ? 2 : 1);
}

function optionOf(command: Command, word: string): Option | undefined {
  const [name] = word.split('=');
  return command.options.find(({ long, short }) => long === name || short === name);
}

function optionCandidate({ long, short, description }: Option): Candidate {
  return { word: long ?? short ?? '', description };
}

function subcommands(command: Command): Wanted {
  const words = command.commands
    .filter((one) => !one.name().startsWith('_'))
    .map((one) => ({ word: one.name(), description: one.description() }));
  return { kind: 'words', words };
}

function valuesOf({ long, argChoices }: Option): Wanted {
  if (argChoices !== undefined) return { kind: 'words', words: argChoices.map((word) => ({ word, description: '' })) };
  const kind = long === undefined ? undefined : OPTION_VALUES[long];
  return kind === undefined ? { kind: 'words', words: [] } : { kind };
}

function argumentValues(command: Command, position: number): Wanted {
  const last = command.registeredArguments.at(-1);
  const argument = command.registeredArguments[position] ?? (last?.variadic ? last : undefined);
  const choices = argument?.argChoices?.map((word) => ({ word, description: '' }));
  if (choices) return { kind: 'words', words: choices };
  switch (argument?.name()) {
    case 'plugin':
      return { kind: 'plugins' };
    case 'set':
      return { kind: 'sets' };
    case 'hook':
      return { kind: 'hooks' };
    case 'path':
      return { kind: 'files' };
    case 'event':
      return { kind: 'words', words: [{ word: 'last', description: 'the latest event' }] };
    default:
      return { kind: 'words', words: [] };
  }
}
