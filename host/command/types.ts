import type { HookMap, Violation } from '@outrigger/schemas';
import type { Exit } from '../process/types.ts';

export type PreCommand = HookMap['conda.pre_command']['payload'];

/** A command as it was typed. */
export interface CommandLine {
  /** A path, or a name to be found on the PATH. */
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** How a command ended. Of `code`, `signal` and `error` exactly one is set. */
export interface CommandEnd extends Exit {
  readonly durationMs: number;
  /** Last lines of its stderr, oldest first; empty when it was not read. */
  readonly stderr: readonly string[];
}

/** Why a command counts as failed, as `on_exception` tells it. */
export interface CommandFailure {
  /** Most specific first. */
  readonly errorClasses: [string, ...string[]];
  /** One sentence for people. */
  readonly message: string;
}

/** What became of a command and its hooks. */
export type CommandResult =
  | {
      readonly status: 'blocked';
      readonly by: string | undefined;
      /** A plugin's verdict, or its failure under `onFailure: fail`. */
      readonly cause: 'verdict' | 'failure' | undefined;
      readonly violation: Violation | undefined;
    }
  | { readonly status: 'replaced'; readonly value: HookMap['conda.pre_command']['replace'] }
  | { readonly status: 'ended'; readonly end: CommandEnd; readonly failure: CommandFailure | undefined };
