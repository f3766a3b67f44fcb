import { launchCommand } from '../process/launch.ts';
import { canCaptureStderr, StderrTee } from './capture-stderr.ts';
import { forwardSignals } from './forward-signals.ts';
import { LastLines } from './last-lines.ts';
import type { CommandEnd, CommandLine } from './types.ts';

/** Runs a command on this process's own stdin, stdout, stderr and terminal. Never rejects. */
export async function runChild(line: CommandLine, wantsStderr: boolean): Promise<CommandEnd> {
  const { command, args, cwd, env } = line;
  const lines = new LastLines();
  let send = (_signal: NodeJS.Signals): void => {};
  const stopForwarding = forwardSignals((signal) => send(signal));
  const stderr = wantsStderr && canCaptureStderr() ? 'pipe' : 'inherit';
  const began = performance.now();
  const child = launchCommand({ command, args, cwd, env, stdin: 'inherit', stdout: 'inherit', stderr });
  send = (signal) => child.signal(signal);
  const tee = child.stderr && new StderrTee(child.stderr, lines);
  const exit = await child.exited;
  const durationMs = Math.round((performance.now() - began) * 1000) / 1000;
  stopForwarding();
  await tee?.finish();
  return { ...exit, durationMs, stderr: lines.lines() };
}
