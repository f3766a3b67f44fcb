import { existsSync, readFileSync } from 'node:fs';
import { type Command, CommanderError } from 'commander';
import { errorText, HostError } from '../protocol/errors.ts';
import { makeContext } from './context.ts';
import { endBySignal, endWithCode } from './end-process.ts';
import { EXIT } from './exit-codes.ts';
import { makeLog } from './log.ts';
import { makePaint } from './print/paint.ts';
import { printable, printableLines } from './print/printable.ts';
import { makeProgram } from './program.ts';
import { UsageError } from './usage-error.ts';
import { writeAll } from './write-all.ts';

/** Runs the command line and ends the process: with an exit code, or by the signal the wrapped command died of. */
export async function runCli(args: readonly string[]): Promise<never> {
  let result: number | NodeJS.Signals = EXIT.failed;
  const said = flagsIn(args);
  const program = makeProgram({
    version: version(),
    makeContext: (options) => {
      said.json = options.json;
      said.verbose = options.verbose;
      return makeContext(options);
    },
    onDone: (done) => {
      result = done;
    },
  });
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    result = report(error, said, () => `${pathOf(program, args)} --help`);
  }
  // Not left to the event loop: a handle that was forgotten must not keep the shell waiting.
  return typeof result === 'string' ? endBySignal(result) : endWithCode(result);
}

interface Flags {
  json: boolean;
  verbose: boolean;
}

/** A guess for errors that come before the options are known. */
function flagsIn(args: readonly string[]): Flags {
  return { json: args.includes('--json'), verbose: args.includes('--verbose') };
}

function report(error: unknown, { json, verbose }: Flags, help: () => string): number {
  if (error instanceof CommanderError && (error.exitCode === 0 || error.code === 'commander.help')) {
    return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  }
  const isUsage = error instanceof CommanderError || error instanceof UsageError;
  const message = isUsage ? `${sentence(error)} (try: ${help()})` : errorText(error);
  if (json) {
    const log = makeLog({ level: 'error', json, paint: makePaint(false, {}), write: (text) => writeAll(2, text) });
    log.error(message, error instanceof HostError ? { code: error.code } : {});
  } else {
    writeAll(2, `outrigger: ${message.split('\n').map(printable).join('\n  ')}\n`);
  }
  if (verbose && error instanceof Error && !isUsage) writeAll(2, `${printableLines(error.stack ?? '')}\n`);
  return isUsage ? EXIT.usage : EXIT.failed;
}

/** `error: unknown option '--x'\n(Did you mean --y?)` as one sentence in our own style. */
function sentence(error: Error): string {
  const text = error.message.replace(/^error: /, '').replace(/\n\(Did you mean (.+)\?\)$/s, ', did you mean $1?');
  return (
    text.charAt(0).toUpperCase() +
    text
      .slice(1)
      .replaceAll(/'([^']*)'/g, '"$1"')
      .replace(/\.$/, '')
  );
}

function pathOf(program: Command, args: readonly string[]): string {
  let at = program;
  for (const word of args) at = at.commands.find((command) => command.name() === word) ?? at;
  return at === program ? 'outrigger' : `outrigger ${at.parent === program ? '' : `${at.parent?.name()} `}${at.name()}`;
}

/** From our package.json, which lies one folder higher when we run built. */
function version(): string {
  const file = [new URL('../package.json', import.meta.url), new URL('../../package.json', import.meta.url)].find((url) => existsSync(url));
  return file ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : 'unknown';
}
