import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { HostError } from '../../protocol/errors.ts';
import type { Exited, Flag } from './types.ts';

/** A command as the parser needs it. */
export interface ParsedCommand {
  readonly name: string;
  readonly description: string | undefined;
  readonly flags: Readonly<Record<string, Flag>>;
}

export interface ParsedArgv {
  readonly status: 'parsed';
  readonly name: string;
  /** By the names of the flags. */
  readonly knownArgs: Record<string, unknown>;
  /** What is no flag, in order. */
  readonly unknownArgs: string[];
}

export interface ParserOptions {
  readonly name: string;
  readonly description?: string | undefined;
  readonly version?: string | undefined;
}

/** Finds the command and its flags. What the parser says itself, help among it, is an exit. Throws HANDLER_INVALID for a flag that cannot be. */
export function parseArgv(commands: readonly ParsedCommand[], argv: readonly string[], options: ParserOptions): ParsedArgv | Exited {
  const said: string[] = [];
  const say = (text: string): void => void said.push(text);
  let parsed: ParsedArgv | undefined;
  const configure = (command: Command): Command =>
    command.exitOverride().configureOutput({ writeOut: say, writeErr: say, getOutHasColors: () => false, getErrHasColors: () => false });
  const program = configure(new Command(options.name)).helpCommand(false).enablePositionalOptions();
  if (options.description !== undefined) program.description(options.description);
  if (options.version !== undefined) program.version(options.version);
  for (const { name, description = '', flags } of commands) {
    const command = configure(program.command(name)).description(description).allowUnknownOption().allowExcessArguments();
    command.usage('[options] [key=value...]');
    const read = Object.entries(flags).map(([known, flag]) => [known, addOption(command, known, flag)] as const);
    command.action(() => {
      const knownArgs = Object.fromEntries(read.map(([known, value]) => [known, value()]));
      parsed = { status: 'parsed', name, knownArgs, unknownArgs: [...command.args] };
    });
  }
  try {
    program.parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return exited(error.exitCode === 0 ? 0 : 2, said);
  }
  return parsed ?? exited(2, [program.helpInformation()]);
}

function exited(exitCode: number, said: readonly string[]): Exited {
  return { status: 'exited', exitCode, message: said.join('').trimEnd() };
}

/** Adds a flag; the result reads its value after parsing. */
function addOption(command: Command, known: string, flag: Flag): () => unknown {
  const isSwitch = flag.type === 'boolean';
  const value = isSwitch ? '' : ` <${(flag.metavar ?? known).replace(/[^\w.-]/g, '_')}>`;
  const stray = flag.flags.find((text) => !/^(-[A-Za-z0-9]|--[A-Za-z][\w-]*)$/.test(text));
  if (stray !== undefined) throw invalid(command, known, `"${stray}" is written neither as "-x" nor as "--name"`);
  if (flag.flags.includes('--help')) throw invalid(command, known, '"--help" is there already');
  const option = optionOf(`${flag.flags.join(', ')}${value}`, flag);
  const attribute = option.attributeName();
  if (attribute in Object.prototype) throw invalid(command, known, 'this name cannot be used');
  if (command.options.some((other) => other.attributeName() === attribute)) throw invalid(command, known, 'another flag has this name');
  try {
    command.addOption(option);
  } catch (error) {
    throw invalid(command, known, (error as Error).message);
  }
  return () => {
    const given: unknown = command.getOptionValue(attribute);
    // commander turns `--no-x` round and makes it true by default.
    return option.negate ? given === false : (given ?? flag.default ?? (isSwitch ? false : undefined));
  };
}

function invalid(command: Command, known: string, cause: string): HostError {
  return new HostError('HANDLER_INVALID', `Cannot add flag "${known}" to command "${command.name()}": ${cause}`);
}

function optionOf(text: string, { help, type, choices, required }: Flag): Option {
  const option = new Option(text, help);
  if (required === true) option.makeOptionMandatory();
  option.argParser((value: string) => {
    const read = type === 'integer' || type === 'number' ? numberOf(value, type) : value;
    if (choices !== undefined && !choices.includes(read)) throw new InvalidArgumentError(`It must be one of ${choices.join(', ')}.`);
    return read;
  });
  return option;
}

function numberOf(text: string, type: 'integer' | 'number'): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (type === 'integer' ? Number.isSafeInteger(value) : Number.isFinite(value)) return value;
  throw new InvalidArgumentError(type === 'integer' ? 'It must be a whole number.' : 'It must be a number.');
}
