import type { DashboardResult } from '@outrigger/schemas';
import type { CliContext } from '../context.ts';
import { withDaemon } from '../daemon-call.ts';
import { EXIT } from '../exit-codes.ts';

/** `outrigger dashboard`: lets the daemon open its page, if it has not, and prints the link. Whoever has the link can operate the daemon. */
export function dashboard(context: CliContext): Promise<number> {
  return withDaemon(context, async (wire) => {
    const result = await wire.request<DashboardResult>('dashboard');
    context.answer(result, () => result.url);
    return EXIT.done;
  });
}
