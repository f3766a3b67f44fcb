import { isNotFound } from '../../command/command-failure.ts';
import { runCommand } from '../../command/run-command.ts';
import type { CommandResult } from '../../command/types.ts';
import { type CommandHost, commandHost } from '../command-host.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { outcomeText } from '../print/outcome-text.ts';
import { type DaemonOptions, withRunningDaemon } from '../running-daemon.ts';
import { withRecording } from '../with-recording.ts';

/** `outrigger run`, with the plugins of the daemon of this config where one runs: returns what the command returned. */
export async function run(
  context: CliContext,
  [command = '', ...args]: string[],
  options: DaemonOptions,
): Promise<number | NodeJS.Signals> {
  const { cwd, env, log, terminal } = context;
  const onForeground = (isTaken: boolean): void => {
    terminal.isTaken = isTaken;
  };
  const runIn = async (host: CommandHost): Promise<number | NodeJS.Signals> =>
    ended(context, await runCommand(host, { command, args, cwd, env }, { log, onForeground }));
  const there = await withRunningDaemon(context, options, (wire, heard) => runIn(commandHost(context, wire, heard)));
  return there ?? withRecording(context, { ...options }, runIn);
}

function ended({ log, options, write }: CliContext, result: CommandResult): number | NodeJS.Signals {
  if (result.status === 'blocked') {
    const { by, violation } = result;
    log.error(outcomeText(result).text, options.json ? { plugin: by, violation } : {});
    return EXIT.blocked;
  }
  if (result.status === 'replaced') {
    write(1, result.value.stdout ?? '');
    write(2, result.value.stderr ?? '');
    return result.value.exitCode;
  }
  const { end, failure } = result;
  if (end.signal) return end.signal;
  if (!end.error || !failure) return end.code ?? EXIT.done;
  log.error(failure.message);
  return isNotFound(failure) ? EXIT.notFound : EXIT.notExecutable;
}
