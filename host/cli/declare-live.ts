import { type Command, Option } from 'commander';
import type { Declare } from './program.ts';
import { UsageError } from './usage-error.ts';

const MODES = ['sequential', 'transform', 'audit', 'concurrent', 'fire_and_forget', 'disabled'];

/** Commands that change plugins while the daemon runs. */
export function declareLive(plugins: Command, declare: Declare): void {
  const live = () => import('./commands/live-plugins.ts');
  const edit = () => import('./commands/edit-plugins.ts');
  declare(plugins, 'restart <plugin>', 'end the process of a plugin in the daemon and start it again', async (context, [plugin = '']) =>
    (await live()).restartPlugin(context, plugin),
  );
  declare(
    plugins,
    'reload <plugin>',
    'let the code of a plugin take over in the daemon, without losing an event',
    async (context, [name = '']) => (await live()).reloadPlugin(context, name),
  );
  declare(plugins, 'set <plugin>', 'set mode or priority of a plugin in the config file', async (context, [plugin = ''], options) =>
    (await edit()).setPlugin(context, plugin, options),
  )
    .addOption(new Option('--mode <mode>', 'how it takes part').choices(MODES))
    .addOption(new Option('--priority <number>', 'lower comes first; 50 when nobody says').argParser(priorityOf))
    .option('--hook <hook>', 'only at this hook point');
  const config = plugins.command('config').description('the configuration of a plugin').helpCommand(false);
  declare(
    config,
    'set <plugin> <key> <value>',
    'write a value, JSON or a text, into the config file',
    async (context, [plugin = '', key = '', value = '']) => (await edit()).setPluginConfig(context, plugin, [key, value]),
  );
}

function priorityOf(text: string): number {
  if (!/^-?\d{1,9}$/.test(text)) throw new UsageError(`Cannot use "${text}" as a priority: give a whole number`);
  return Number(text);
}
