import type { HookMap } from '@outrigger/schemas';
import { guardStdout } from './output.ts';
import { serve } from './serve.ts';
import type { HookTypes, Plugin, PluginDefinition } from './types.ts';

// biome-ignore lint/style/noProcessEnv: how the host tells a plugin process from a program that only imports the plugin
const underHost = process.env['OUTRIGGER_PLUGIN'] !== undefined;
// Before the plugin's own modules run: what they print while they load must not reach the wire either.
if (underHost) guardStdout();
let serving = false;

/**
 * Declares a plugin and, in a plugin process, serves it at once on stdin and stdout.
 *
 * A plugin process is one whose environment has `OUTRIGGER_PLUGIN` (the host sets it), or whose main module made this call
 * (`node plugin.ts`). Anywhere else, in a test for example, the call only returns the plugin.
 *
 * @example
 * import { block, definePlugin } from '@outrigger/sdk';
 *
 * export const plugin = definePlugin({
 *   hooks: {
 *     'conda.pre_command': (payload) => (payload.command === 'rm' ? block('no-rm', 'rm is not allowed here') : undefined),
 *   },
 * });
 */
export function definePlugin<M extends HookTypes<M> = HookMap, C = Record<string, unknown>, N extends string = keyof M & string>(
  definition: PluginDefinition<M, C, N>,
): Plugin {
  const plugin = definition as unknown as Plugin;
  checkHooks(plugin?.hooks);
  if (underHost || isMainModule()) {
    if (serving)
      throw new Error('Cannot serve a second plugin: definePlugin() was called twice in this process, and one process is one plugin');
    serving = true;
    if (!underHost && process.stdin.isTTY) explainAndExit(Object.keys(plugin.hooks));
    serve(plugin);
  }
  return plugin;
}

/** JavaScript has no types to tell a misspelt definition. */
function checkHooks(hooks: unknown): void {
  if (typeof hooks !== 'object' || hooks === null) {
    throw new TypeError('Cannot define the plugin: "hooks" must be an object with a handler for each hook point');
  }
  for (const [hook, handler] of Object.entries(hooks)) {
    if (handler === undefined || typeof handler === 'function') continue;
    throw new TypeError(
      `Cannot define the plugin: the handler of "${hook}" must be a function, not ${handler === null ? 'null' : typeof handler}`,
    );
  }
}

/** True when the module that called definePlugin() is the one the process was started with. */
function isMainModule(): boolean {
  // Loaded here and not at the top: a plugin under the host never comes here, and the modules cost 3 ms of its start.
  const { getCallSites } = process.getBuiltinModule('node:util');
  const { realpathSync } = process.getBuiltinModule('node:fs');
  const { pathToFileURL } = process.getBuiltinModule('node:url');
  const main = process.argv[1];
  const caller = getCallSites(3)[2]?.scriptName;
  if (main === undefined || caller === undefined) return false;
  try {
    const path = realpathSync(main);
    return caller === path || caller === pathToFileURL(path).href;
  } catch {
    // Not a file: `node --eval`, or a module found without its extension. Then the host's variable decides.
    return false;
  }
}

function explainAndExit(hooks: readonly string[]): never {
  const what = `This is an Outrigger plugin for ${hooks.join(', ')}, not a program of its own`;
  process.stderr.write(`${what}: add its folder to outrigger.yaml and start the application, or call it in memory with testPlugin()\n`);
  process.exit(1);
}
