import type { ReloadResult } from '@outrigger/schemas';
import type { CliContext } from '../context.ts';
import { withDaemon } from '../daemon-call.ts';
import { EXIT } from '../exit-codes.ts';
import { printable } from '../print/printable.ts';

/** `outrigger reload`: the daemon reads its configuration again; 1 when it keeps the one it has, or a plugin as it was. */
export function reload(context: CliContext): Promise<number> {
  return withDaemon(context, async (wire) => {
    const result = await wire.request<ReloadResult>('reload');
    const { applied, reason = 'The configuration was refused', kept = [], problems } = result;
    const inForce = kept.length === 0 ? 'The configuration is in force' : 'The configuration is in force, but not for every plugin';
    context.answer(result, () => [applied ? inForce : reason, ...kept.map((one) => one.reason), ...problems].map(printable).join('\n'));
    return applied && kept.length === 0 ? EXIT.done : EXIT.failed;
  });
}
