import { basename, isAbsolute, resolve } from 'node:path';
import type { Host, Operation } from '../daemon/types.ts';
import { findProgram } from '../process/launch.ts';
import { errorText, HostError } from '../protocol/errors.ts';
import type { Logger } from '../protocol/types.ts';
import { commandFailure } from './command-failure.ts';
import { runChild } from './run-child.ts';
import type { CommandEnd, CommandFailure, CommandLine, CommandResult, PreCommand } from './types.ts';

export interface RunDeps {
  readonly log: Logger;
  /** Told when the command takes the terminal, and when it has given it back. */
  readonly onForeground?: (isTaken: boolean) => void;
}

/** Runs a command inside its hooks: pre_command, then post_command or on_exception, all in one operation. */
export async function runCommand(
  host: Pick<Host, 'has' | 'operation'>,
  line: CommandLine,
  { log, onForeground = () => {} }: RunDeps,
): Promise<CommandResult> {
  const operation = host.operation();
  try {
    let ready = line;
    if (hears(host, 'conda.pre_command')) {
      const outcome = await operation.emit('conda.pre_command', payloadOf(line));
      if (outcome.status === 'blocked') return outcome;
      if (outcome.status === 'replaced') return { status: 'replaced', value: outcome.value };
      ready = withChanges(line, outcome.payload);
    }
    onForeground(true);
    const end = await runChild(ready, hears(host, 'conda.on_exception')).finally(() => onForeground(false));
    const failure = commandFailure(ready, end);
    await tell(host, operation, ready, { end, failure }).catch((error: unknown) => {
      // The command has ended: nothing that goes wrong now may change what it returned.
      log.error(`Cannot tell plugins how "${line.command}" ended: ${errorText(error)}`);
    });
    return { status: 'ended', end, failure };
  } finally {
    operation.end();
  }
}

/** The command line as plugins left it. The program itself stays the one that was asked for. */
export function withChanges(line: CommandLine, payload: PreCommand): CommandLine {
  const cwd = resolve(line.cwd, payload.cwd ?? '.');
  const env: Record<string, string | undefined> = { ...line.env };
  for (const name of payload.unsetEnv ?? []) delete env[name];
  for (const [name, value] of Object.entries(payload.env ?? {})) env[name] = value;
  const moves = cwd !== line.cwd || env['PATH'] !== line.env['PATH'];
  return { command: moves ? sameProgram(line) : line.command, args: payload.args, cwd, env };
}

/** In another folder, or with another PATH, the same words would start another program than the one plugins were asked about. */
function sameProgram({ command, cwd, env }: CommandLine): string {
  if (isAbsolute(command)) return command;
  return findProgram(command, cwd, env['PATH'] ?? '') ?? (command.includes('/') ? resolve(cwd, command) : command);
}

/** Without the conda catalog nobody can hear its hook points. */
function hears(host: Pick<Host, 'has'>, hook: `conda.${'pre_command' | 'post_command' | 'on_exception'}`): boolean {
  try {
    return host.has(hook);
  } catch (error) {
    if (error instanceof HostError && error.code === 'HOOK_UNKNOWN') return false;
    throw error;
  }
}

function payloadOf({ command, args, cwd }: CommandLine): PreCommand {
  return { command: basename(command), args: [...args], cwd, env: {}, unsetEnv: [] };
}

interface Ended {
  readonly end: CommandEnd;
  readonly failure: CommandFailure | undefined;
}

async function tell(host: Pick<Host, 'has'>, operation: Operation, line: CommandLine, { end, failure }: Ended): Promise<void> {
  const { durationMs } = end;
  const common = { command: basename(line.command), args: [...line.args], cwd: line.cwd, durationMs };
  if (!failure) {
    if (hears(host, 'conda.post_command')) await operation.emit('conda.post_command', { ...common, exitCode: 0 });
  } else if (hears(host, 'conda.on_exception')) {
    await operation.emit('conda.on_exception', {
      ...common,
      error: failure.errorClasses[0],
      errorClasses: failure.errorClasses,
      message: failure.message,
      ...(end.code === undefined ? {} : { exitCode: end.code }),
      ...(end.signal === undefined ? {} : { signal: end.signal }),
      stderr: [...end.stderr],
    });
  }
}
