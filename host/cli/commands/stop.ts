import type { StopResult } from '@outrigger/schemas';
import { processIdentity } from '../../daemon/control/process-identity.ts';
import { within } from '../../process/terminate.ts';
import type { CliContext } from '../context.ts';
import { withDaemon } from '../daemon-call.ts';
import { EXIT } from '../exit-codes.ts';

/** What the daemon's own deadlines add up to behind its drain: the ladder of its plugins, and its last writes. */
const AFTER_DRAIN_MS = 20_000;
const POLL_MS = 50;

/** `outrigger stop`: asks the daemon to end and waits until it has. Nothing is ever killed. */
export function stop(context: CliContext): Promise<number> {
  return withDaemon(context, async (wire) => {
    const { pid, drainMs } = await wire.request<StopResult>('stop');
    const identity = await processIdentity(pid);
    const deadline = performance.now() + drainMs + AFTER_DRAIN_MS;
    await within(wire.closed, drainMs + AFTER_DRAIN_MS);
    const isThere = async (): Promise<boolean> => identity !== undefined && (await processIdentity(pid)) === identity;
    while ((await isThere()) && performance.now() < deadline) await pause();
    const stopped = !(await isThere());
    context.answer({ stopped, pid }, () => (stopped ? `Daemon ${pid} has stopped` : `Daemon ${pid} is still stopping`));
    return stopped ? EXIT.done : EXIT.failed;
  });
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, POLL_MS));
}
