import type { Command } from 'commander';
import { type Candidate, candidates, type Wanted } from '../candidates.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { openRegistry } from '../open-registry.ts';
import { printable } from '../print/printable.ts';

/** `outrigger __complete`: one candidate a line with its description behind a tab, or `:files`, or `:command N`. Never fails. */
export async function complete(context: CliContext, program: Command, words: readonly string[]): Promise<number> {
  const wanted = candidates(program, words);
  if (wanted.kind === 'files') context.write(1, ':files\n');
  else if (wanted.kind === 'command') context.write(1, `:command ${wanted.offset}\n`);
  else context.write(1, lines(await wordsOf(context, wanted), words.at(-1) ?? ''));
  return EXIT.done;
}

async function wordsOf(context: CliContext, wanted: Exclude<Wanted, { kind: 'files' | 'command' }>): Promise<readonly Candidate[]> {
  if (wanted.kind === 'words') return wanted.words;
  try {
    const { plugins, hooks, config } = await openRegistry(context);
    if (wanted.kind === 'sets') return Object.keys(config.sets ?? {}).map((word) => ({ word, description: '' }));
    if (wanted.kind === 'hooks') return [...hooks.values()].map(({ name, description }) => ({ word: name, description }));
    return [...plugins.values()].map(({ name, manifest }) => ({ word: name, description: manifest?.description ?? '' }));
  } catch {
    // A broken config has no names to offer; the command that follows will say what is wrong.
    return [];
  }
}

function lines(words: readonly Candidate[], begun: string): string {
  const fitting = words.filter(({ word }) => word.startsWith(begun));
  return fitting.map(({ word, description }) => `${printable(word)}\t${printable(description)}\n`).join('');
}
