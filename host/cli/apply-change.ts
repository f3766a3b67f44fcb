import type { ReloadParams, ReloadResult } from '@outrigger/schemas';
import { greetDaemon } from '../client/open-wire.ts';
import { HostError } from '../protocol/errors.ts';
import type { CliContext } from './context.ts';
import { placeOf } from './daemon-call.ts';
import { printable } from './print/printable.ts';

/** Whether a change to the files is in force in the daemon that runs, or why not. */
export type Applied = Pick<ReloadResult, 'applied' | 'reason'>;

/** What was done, for the journal of the daemon. */
export type Cause = NonNullable<ReloadParams['cause']>;

/** Lets the daemon of this config take over what was changed; undefined when none runs. A new file is found at the next start. */
export async function applyChange(context: CliContext, cause: Cause): Promise<Applied | undefined> {
  const place = await placeOf(context);
  try {
    const answer = await greetDaemon(place.socket, 'outrigger');
    if ('reason' in answer) return undefined;
    try {
      const { applied, reason, kept } = await answer.wire.request<ReloadResult>('reload', { cause });
      const own = kept?.find(({ plugin }) => plugin === cause.plugin);
      if (own !== undefined) return { applied: false, reason: own.reason };
      return { applied, ...(reason === undefined ? {} : { reason }) };
    } finally {
      answer.wire.end('it was asked what was to be asked');
    }
  } catch (error) {
    if (error instanceof HostError) return { applied: false, reason: error.message };
    throw error;
  }
}

/** The rest of a line that says what was changed. */
export function daemonText(daemon: Applied | undefined): string {
  if (daemon === undefined) return '';
  return daemon.applied
    ? '; in force in the daemon that runs'
    : `; the daemon that runs goes on without it: ${printable(daemon.reason ?? '')}`;
}
