import type { StatusResult } from '@outrigger/schemas';
import type { CliContext } from '../context.ts';
import { withDaemon } from '../daemon-call.ts';
import { EXIT } from '../exit-codes.ts';
import { statusText } from '../print/status-text.ts';

/** `outrigger status`: how the daemon of this config and its plugins are. */
export function status(context: CliContext): Promise<number> {
  return withDaemon(context, async (wire) => {
    const result = await wire.request<StatusResult>('status');
    context.answer(result, () => statusText(result, context));
    return EXIT.done;
  });
}
