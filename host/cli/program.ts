import { Argument, Command, Option } from 'commander';
import type { NewOptions } from './commands/new.ts';
import type { CliContext } from './context.ts';
import { declareUp } from './declare-daemon.ts';
import { declareEvents } from './declare-events.ts';
import { declareLive } from './declare-live.ts';
import { addGlobalOptions, type GlobalOptions, readGlobalOptions } from './global-options.ts';
import { writeAll } from './write-all.ts';

/** Runs one command and gives the exit code, or the signal to die of. */
type Action = (context: CliContext, args: string[], options: Record<string, unknown>) => Promise<number | NodeJS.Signals>;

export interface ProgramDeps {
  readonly version: string;
  readonly makeContext: (options: GlobalOptions) => CliContext;
  /** Told how the command that ran ended. */
  readonly onDone: (result: number | NodeJS.Signals) => void;
}

/** The whole command line on one page. What a command does is loaded when it is called. */
export function makeProgram(deps: ProgramDeps): Command {
  const program = new Command('outrigger')
    .description('Runs plugins in processes of their own, around a command or an event')
    .version(deps.version, '-V, --version', 'print the version')
    .enablePositionalOptions()
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeOut: (text) => writeAll(1, text), writeErr: (text) => writeAll(2, text), outputError: () => {} });
  const declare = declarer(deps);

  declareEvents(program, declare);
  declareUp(program, declare);
  declarePlugins(program, declare);
  declareSets(program, declare);
  declareSecrets(program, declare);
  const hooks = group(program, 'hooks', 'the hook points plugins can hear');
  declare(hooks, 'list', 'list the hook points', async (context) => (await import('./commands/hooks.ts')).listHooks(context));
  declare(hooks, 'show <hook>', 'show the payload and the rules of a hook point', async (context, [hook = '']) =>
    (await import('./commands/hooks.ts')).showHook(context, hook),
  );

  declare(program, 'doctor', 'say what is missing on this machine, and how to get it', async (context, _args, options) =>
    (await import('./commands/doctor.ts')).doctor(context, { strict: options['strict'] === true }),
  ).option('--strict', 'fail on warnings too, as for CI');
  declareSandboxTest(program, declare);
  declareAuthoring(program, declare);
  declare(program, 'completions', 'print the script that completes outrigger in your shell', async (context, [shell = '']) =>
    (await import('./commands/completions.ts')).completions(context, shell),
  ).addArgument(new Argument('<shell>', 'your shell').choices(['bash', 'zsh', 'fish']));

  const complete = new Command('__complete').argument('[words...]').allowUnknownOption().passThroughOptions();
  complete.action(async () => {
    const { complete: run } = await import('./commands/complete.ts');
    deps.onDone(await run(deps.makeContext(readGlobalOptions(complete)), program, complete.args));
  });
  // After a command's own options, so that its help names those first.
  withAllBelow(program).forEach(addGlobalOptions);
  return program.addCommand(complete, { hidden: true });
}

export type Declare = (parent: Command, usage: string, description: string, action: Action) => Command;

function declareSandboxTest(program: Command, declare: Declare): void {
  declare(program, 'sandbox-test', 'attack the sandbox of this machine, and say what gets through', async (context, _args, options) =>
    (await import('./commands/sandbox-test.ts')).sandboxTest(context, options),
  )
    .addOption(
      new Option('--driver <driver>', 'the sandbox to attack; none: see what the attacks do without one')
        .choices(['auto', 'bubblewrap', 'gvisor', 'container', 'landlock', 'seatbelt', 'none'])
        .default('auto'),
    )
    .addOption(new Option('--language <language>', 'which attacks').choices(['python', 'javascript', 'all']).default('all'))
    .option('--only <id>', 'one attack, or those whose id fits a pattern with *')
    .option('--bombs', 'also those that take memory, processors and disk in earnest, up to 2 GiB')
    .option('--expect <layers...>', 'layers that must be engaged, beside those that the driver promises')
    .option('--image <image>', 'image of the container driver');
}

function declarePlugins(program: Command, declare: Declare): void {
  const plugins = group(program, 'plugins', 'the plugins of this place');
  const load = () => import('./commands/plugins.ts');
  declare(plugins, 'list', 'list the plugins, with what is wrong with them', async (context) => (await load()).listPlugins(context));
  declare(plugins, 'show <plugin>', 'show all there is to know about a plugin', async (context, [plugin = '']) =>
    (await load()).showPlugin(context, plugin),
  );
  const edit = () => import('./commands/edit-plugins.ts');
  declare(plugins, 'enable <plugin>', 'switch a plugin on in the config file', async (context, [plugin = '']) =>
    (await edit()).enablePlugin(context, plugin, true),
  );
  declare(plugins, 'disable <plugin>', 'switch a plugin off in the config file, however broken it is', async (context, [plugin = '']) =>
    (await edit()).enablePlugin(context, plugin, false),
  );
  declare(plugins, 'add <path>', 'write a plugin folder into the config file', async (context, [path = ''], options) =>
    (await edit()).addPlugin(context, path, options['trust'] === true),
  ).option('--trust', 'let it run with your rights, outside a sandbox');
  const trust = () => import('./commands/trust.ts');
  declare(
    plugins,
    'trust <plugin>',
    'show what a plugin wants to do, and accept its code as it is now',
    async (context, [plugin = ''], options) => (await trust()).trustPlugin(context, plugin, options),
  )
    .option('--yes', 'accept without being asked')
    .option('--full', 'let it run with your rights, outside a sandbox')
    .option('--grant-optional', 'grant what it calls optional too');
  declare(plugins, 'untrust <plugin>', 'take back what a plugin was trusted with', async (context, [plugin = '']) =>
    (await trust()).untrustPlugin(context, plugin),
  );
  declare(plugins, 'remove <plugin>', 'take a plugin out of the config file', async (context, [plugin = '']) =>
    (await edit()).removePlugin(context, plugin),
  );
  declareLive(plugins, declare);
}

function declareSets(program: Command, declare: Declare): void {
  const sets = group(program, 'sets', 'named groups of plugins in the config');
  const load = () => import('./commands/sets.ts');
  declare(sets, 'list', 'list the sets, with the plugins in them', async (context) => (await load()).listSets(context));
  declare(sets, 'enable <set>', 'switch the plugins of a set on in the config file', async (context, [set = '']) =>
    (await load()).enableSet(context, set, true),
  );
  declare(
    sets,
    'disable <set>',
    'switch the plugins of a set off, but those that their own entry switches on',
    async (context, [set = '']) => (await load()).enableSet(context, set, false),
  );
}

function declareSecrets(program: Command, declare: Declare): void {
  const secrets = group(program, 'secrets', 'secrets that plugins may be granted by name');
  const load = () => import('./commands/secrets.ts');
  declare(secrets, 'set <name> [more...]', 'store a secret: its value is asked for, or read from stdin', async (context, args, options) =>
    (await load()).setSecret(context, args, options),
  )
    .usage('[options] <name>')
    .addOption(new Option('--store <place>', 'where to keep it').choices(['auto', 'keyring', 'file']).default('auto'));
  declare(secrets, 'list', 'list the names of secrets, and the plugins that are granted them', async (context) =>
    (await load()).listSecrets(context),
  );
  declare(secrets, 'remove <name>', 'remove a secret', async (context, [name = '']) => (await load()).removeSecret(context, name));
}

/** For those who write plugins. */
function declareAuthoring(program: Command, declare: Declare): void {
  declare(
    program,
    'test [folder-or-command...]',
    'check what a plugin does on the wire, in any language: a folder, or -- and a command',
    async (context, words, options) => (await import('./commands/test.ts')).testPlugin(context, words, options),
  )
    .usage('[options] [folder] | [options] -- <command> [args...]')
    .addOption(new Option('--level <level>', 'judge up to this level, whatever the plugin claims').choices(['0', '1', '2']))
    .option('--hooks <hooks>', 'hook points a bare command hears, with commas between')
    .addOption(new Option('--framing <framing>', 'what a bare command is written to with').choices(['lines', 'content-length']))
    .option('--plugin-config <json>', 'configuration of the plugin as JSON, @FILE to read a file')
    .option('--catalog <folder>', 'folder of a catalog that declares its hook points (repeatable)', collect)
    .option('--sandbox', 'run it confined, with what its manifest asks for')
    .option('--junit <file>', 'write the findings as JUnit XML too')
    .option('--no-build', 'do not run make first, in a folder with a Makefile');
  declare(program, 'new <name>', 'write a plugin that works, with its test', async (context, [name = ''], options) =>
    (await import('./commands/new.ts')).newPlugin(context, name, options as unknown as NewOptions),
  )
    .addOption(new Option('--lang <language>', 'language').choices(['typescript', 'python', 'go', 'rust', 'bash']).default('typescript'))
    .option('--hook <hook>', 'hook point it hears (repeatable; default conda.pre_command)', collect)
    .option('--catalog <folder>', 'folder of a catalog that declares its hook points (repeatable)', collect)
    .option('--no-build', 'do not run make, where the language needs it');
  declare(
    program,
    'dev [folder]',
    'run a plugin, anew after every change, and print every message',
    async (context, [folder = '.'], options) => (await import('./commands/dev.ts')).dev(context, folder, options),
  )
    .option('--record <file>', 'write every message into a file, for "outrigger replay"')
    .option('--once', 'fire one sample event at each hook point and end')
    .option('--plugin-config <json>', 'configuration of the plugin as JSON, @FILE to read a file')
    .option('--catalog <folder>', 'folder of a catalog that declares its hook points (repeatable)', collect)
    .option('--sandbox', 'run it confined, with what its manifest asks for')
    .option('--no-build', 'do not run make first, in a folder with a Makefile');
  declare(
    program,
    'replay <recording> [folder]',
    'say to a plugin what was recorded, and show where it first differs',
    async (context, args, options) =>
      (await import('./commands/replay.ts')).replayRecording(context, args[0] ?? '', { ...options, plugin: args[1] ?? '.' }),
  )
    .option('--plugin-config <json>', 'configuration of the plugin as JSON, @FILE to read a file')
    .option('--sandbox', 'run it confined, with what its manifest asks for')
    .option('--no-build', 'do not run make first, in a folder with a Makefile');
}

function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

function withAllBelow(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withAllBelow)];
}

function group(parent: Command, name: string, description: string): Command {
  return parent.command(name).description(description).helpCommand(false);
}

function declarer(deps: ProgramDeps): Declare {
  return (parent, usage, description, action) => {
    const command = parent.command(usage).description(description);
    command.action(async () => {
      deps.onDone(await action(deps.makeContext(readGlobalOptions(command)), command.args, command.opts()));
    });
    return command;
  };
}
