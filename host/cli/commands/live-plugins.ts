import type { ReloadResult } from '@outrigger/schemas';
import type { CliContext } from '../context.ts';
import { withDaemon } from '../daemon-call.ts';
import { EXIT } from '../exit-codes.ts';
import { printable } from '../print/printable.ts';

/** `outrigger plugins restart`: a fresh process in the daemon; what is in flight fails. Ends back-off and quarantine. */
export function restartPlugin(context: CliContext, plugin: string): Promise<number> {
  return withDaemon(context, async (wire) => {
    await wire.request('plugins/restart', { plugin });
    context.answer({ plugin, restarted: true }, () => `restarted ${printable(plugin)}`);
    return EXIT.done;
  });
}

/** `outrigger plugins reload`: a new process of what is on disk now takes over in the daemon, and no event is lost; 1 when it cannot. */
export function reloadPlugin(context: CliContext, plugin: string): Promise<number> {
  return withDaemon(context, async (wire) => {
    const result = await wire.request<ReloadResult>('reload', { plugins: [plugin] });
    context.answer(result, () => (result.applied ? `reloaded ${printable(plugin)}` : printable(result.reason ?? 'it was refused')));
    return result.applied ? EXIT.done : EXIT.failed;
  });
}
