import { type Command, Option } from 'commander';
import { LOG_LEVELS } from '../protocol/log-levels.ts';
import type { Declare } from './program.ts';
import { UsageError } from './usage-error.ts';

const MODES = ['sequential', 'transform', 'audit', 'concurrent', 'fire_and_forget', 'disabled'];
const MOST_LINES = 1000;

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
  declare(plugins, 'logs [plugin...]', 'show what plugins wrote, out of the daemon', async (context, names, options) =>
    (await import('./commands/plugin-logs.ts')).pluginLogs(context, names, options),
  )
    .option('-f, --follow', 'go on with new lines until interrupted')
    .addOption(new Option('-n, --lines <count>', 'most lines shown at first').default(100).argParser(linesOf))
    .addOption(new Option('--level <level>', 'the lowest level shown').choices(LOG_LEVELS));
  declare(
    plugins,
    'set <plugin>',
    'set mode, priority or log level of a plugin in the config file',
    async (context, [plugin = ''], options) => (await edit()).setPlugin(context, plugin, options),
  )
    .addOption(new Option('--mode <mode>', 'how it takes part').choices(MODES))
    .addOption(new Option('--priority <number>', 'lower comes first; 50 when nobody says').argParser(priorityOf))
    .addOption(new Option('--log-level <level>', 'the lowest level of its log records that is written').choices(LOG_LEVELS))
    .option('--hook <hook>', 'mode and priority only at this hook point');
  const config = plugins.command('config').description('the configuration of a plugin').helpCommand(false);
  declare(
    config,
    'set <plugin> <key> <value>',
    'write a value, JSON or a text, into the config file',
    async (context, [plugin = '', key = '', value = '']) => (await edit()).setPluginConfig(context, plugin, [key, value]),
  );
}

function linesOf(text: string): number {
  if (/^\d{1,4}$/.test(text) && Number(text) <= MOST_LINES) return Number(text);
  throw new UsageError(`Cannot use "${text}" as a number of lines: give a whole number from 0 to ${MOST_LINES}`);
}

function priorityOf(text: string): number {
  if (!/^-?\d{1,9}$/.test(text)) throw new UsageError(`Cannot use "${text}" as a priority: give a whole number`);
  return Number(text);
}
