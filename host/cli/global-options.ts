import { type Command, Option } from 'commander';

/** Options that every command takes, before its name or after it. */
export interface GlobalOptions {
  readonly config: string | undefined;
  readonly json: boolean;
  readonly noPlugins: boolean;
  readonly without: readonly string[];
  /** Refuse to start when a plugin is not the accepted one. */
  readonly frozen: boolean;
  readonly inspectPlugin: string | undefined;
  readonly verbose: boolean;
  readonly quiet: boolean;
}

interface Parsed {
  config?: string;
  json?: boolean;
  plugins?: boolean;
  without?: string[];
  frozen?: boolean;
  inspectPlugin?: string;
  verbose?: boolean;
  quiet?: boolean;
}

/** Declares them on one command. */
export function addGlobalOptions(command: Command): Command {
  return command
    .optionsGroup('Options of every command:')
    .option('--config <file>', 'config file to use in place of the one found upward from here')
    .option('--json', 'answer with one JSON document, log with JSON lines')
    .option('--no-plugins', 'read no plugin file and start no plugin')
    .option('--without <plugin>', 'leave this plugin out, however broken it is (repeatable)', collect)
    .option('--frozen', 'refuse to start unless the lock file holds exactly every plugin')
    .option('--inspect-plugin <plugin>', 'stop the clocks of this plugin while you debug it')
    .addOption(new Option('--verbose', 'log more, and show stack traces').conflicts('quiet'))
    .addOption(new Option('--quiet', 'log errors only').conflicts('verbose'));
}

/** What was said at any level of the command and its parents; nearest to the command wins. */
export function readGlobalOptions(command: Command): GlobalOptions {
  const levels: Parsed[] = [];
  for (let at: Command | null = command; at; at = at.parent) levels.push(at.opts<Parsed>());
  const first = <K extends keyof Parsed>(key: K): Parsed[K] | undefined => levels.find((level) => level[key] !== undefined)?.[key];
  return {
    config: first('config'),
    json: first('json') ?? false,
    noPlugins: levels.some((level) => level.plugins === false),
    without: levels.flatMap((level) => level.without ?? []),
    frozen: first('frozen') ?? false,
    inspectPlugin: first('inspectPlugin'),
    verbose: first('verbose') ?? false,
    quiet: first('quiet') ?? false,
  };
}

function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}
