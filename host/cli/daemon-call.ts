import { greetDaemon } from '../client/open-wire.ts';
import type { Wire } from '../client/wire.ts';
import { type DaemonPlace, daemonPlace } from '../daemon/control/place.ts';
import { HostError } from '../protocol/errors.ts';
import type { CliContext } from './context.ts';
import { EXIT } from './exit-codes.ts';

/** Where the daemon of this config is, or would be. */
export function placeOf({ options, cwd, env }: CliContext): Promise<DaemonPlace> {
  return daemonPlace({ config: options.config, cwd, env });
}

/** Lets `use` ask the daemon of this config; without one, says so and returns 4. */
export async function withDaemon(context: CliContext, use: (wire: Wire, place: DaemonPlace) => Promise<number>): Promise<number> {
  const place = await placeOf(context);
  try {
    const answer = await greetDaemon(place.socket, 'outrigger');
    if ('reason' in answer) return unreachable(context, place, answer.reason);
    try {
      return await use(answer.wire, place);
    } finally {
      answer.wire.end('it was asked what was to be asked');
    }
  } catch (error) {
    if (!(error instanceof HostError && error.code === 'HOST_STOPPED')) throw error;
    return unreachable(context, place, error.message);
  }
}

async function unreachable({ log }: CliContext, { config, socket, lock }: DaemonPlace, reason: string): Promise<number> {
  const whose = config === undefined ? 'the daemon' : `the daemon of "${config}"`;
  const { lockHolder } = await import('../daemon/control/daemon-lock.ts');
  const holder = await lockHolder(lock).catch(() => undefined);
  // One that starts, that hangs, or whose socket somebody removed: another is not let in beside it.
  const { pid } = holder ?? {};
  const advice =
    pid === undefined ? 'start it with "outrigger start"' : `process ${pid} holds its lock: wait for it, or end it with "kill ${pid}"`;
  log.error(`Cannot reach ${whose} at "${socket}": ${reason}; ${advice}`, { code: 'HOST_STOPPED' });
  return EXIT.unreachable;
}
