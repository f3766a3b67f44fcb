import type { ReloadResult } from '@outrigger/schemas';
import type { CliContext } from '../context.ts';
import { withDaemon } from '../daemon-call.ts';
import { EXIT } from '../exit-codes.ts';
import { printable } from '../print/printable.ts';

/** `outrigger reload`: the daemon reads its configuration again; 1 when it keeps the one it has. */
export function reload(context: CliContext): Promise<number> {
  return withDaemon(context, async (wire) => {
    const result = await wire.request<ReloadResult>('reload');
    context.answer(result, () =>
      [result.applied ? 'The configuration is in force' : (result.reason ?? 'The configuration was refused'), ...result.problems]
        .map(printable)
        .join('\n'),
    );
    return result.applied ? EXIT.done : EXIT.failed;
  });
}
