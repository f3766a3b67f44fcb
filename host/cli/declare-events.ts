import { type Command, Option } from 'commander';
import type { Declare } from './program.ts';
import { UsageError } from './usage-error.ts';

/** Of commands that let the daemon do it where one runs. */
const NO_DAEMON = ['--no-daemon', 'start plugins here, whether a daemon of this config runs or not'] as const;

/** The commands that fire events, and those that tell what became of them. */
export function declareEvents(program: Command, declare: Declare): void {
  declare(
    program,
    'run <command...>',
    'run a command inside its hooks: pre_command, post_command, on_exception',
    async (context, args, options) => (await import('./commands/run.ts')).run(context, args, options),
  )
    .passThroughOptions()
    .option(...NO_DAEMON)
    .option('--record <file>', 'write every message of a plugin into a file, for "outrigger replay"')
    .option('--record-plugin <plugin>', 'plugin to record; default: the first that is asked')
    .usage('[options] [--] <command> [args...]');

  declare(program, 'emit <hook>', 'fire an event and print what became of it', async (context, [hook = ''], options) =>
    (await import('./commands/emit.ts')).emit(context, hook, options),
  )
    .option('--payload <json>', 'payload as JSON, @FILE to read a file, - to read stdin', '{}')
    .option('--session <id>', 'session to fire it in')
    .option('--operation <id>', 'operation it belongs to')
    .option(...NO_DAEMON)
    .option('--record <file>', 'write every message of a plugin into a file, for "outrigger replay"')
    .option('--record-plugin <plugin>', 'plugin to record; default: the first that is asked');

  declare(
    program,
    'explain <hook>',
    'print the plan of a hook point, with the reason for every place',
    async (context, [hook = ''], options) => (await import('./commands/explain.ts')).explain(context, hook, options),
  ).option(...NO_DAEMON);

  declare(
    program,
    'trace [event]',
    'list the latest events, or show one: its id, the beginning of it, or "last"',
    async (context, [event], options) => (await import('./commands/trace.ts')).trace(context, event, options),
  )
    .option('-f, --follow', 'go on with new events until interrupted')
    .addOption(new Option('-n, --number <count>', 'most events listed').default(20).argParser(countOf))
    .option('--hook <hook>', 'only events of this hook point')
    .option('--no-daemon', 'read what is on disk, and do not ask the daemon of this config');

  declare(program, 'audit', 'list what operators did to the daemon and its plugins', async (context, _args, options) =>
    (await import('./commands/audit.ts')).audit(context, options),
  )
    .option('--since <time>', 'only from then on: 90s, 15m, 2h, 7d ago, or a date')
    .addOption(new Option('-n, --number <count>', 'most actions listed').default(50).argParser(countOf))
    .option('--plugin <plugin>', 'only what was done to this plugin');
}

function countOf(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new UsageError(`Cannot use "${text}" as a number: give a whole number from 1`);
  return Number(text);
}
