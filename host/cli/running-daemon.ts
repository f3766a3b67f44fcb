import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import type { HelloResult, StatusResult } from '@outrigger/schemas';
import type { Wire } from '../client/wire.ts';
import type { DaemonPlace } from '../daemon/control/place.ts';
import { HostError } from '../protocol/errors.ts';
import type { CliContext } from './context.ts';
import { placeOf } from './daemon-call.ts';
import type { RecordOptions } from './with-recording.ts';

export interface DaemonOptions extends RecordOptions {
  /** False: --no-daemon. */
  readonly daemon?: boolean;
}

/** What says how a host is to be made wants one of its own. */
const OWN_HOST = ['OUTRIGGER_NO_PLUGINS', 'OUTRIGGER_WITHOUT', 'OUTRIGGER_FROZEN'];

/**
 * Lets `use` ask the daemon of this config, where one runs and nothing that was said wants a host of its own; undefined where not. A
 * request may take as long as its hook point allows. What goes wrong before `use` is called is no reason to fail: plugins run here then.
 */
export async function withRunningDaemon<T>(
  context: CliContext,
  options: DaemonOptions,
  use: (wire: Wire, heard: readonly string[]) => Promise<T>,
): Promise<T | undefined> {
  if (!mayUseDaemon(context, options)) return undefined;
  const found = await greet(context);
  if (found === undefined) return undefined;
  try {
    return await use(found.wire, found.heard);
  } finally {
    found.wire.end('it was asked what was to be asked');
  }
}

function mayUseDaemon({ options, env }: CliContext, { daemon, record, recordPlugin }: DaemonOptions): boolean {
  const { noPlugins, without, frozen, inspectPlugin } = options;
  const isOwn =
    noPlugins || without.length > 0 || frozen || inspectPlugin !== undefined || record !== undefined || recordPlugin !== undefined;
  return daemon !== false && !isOwn && OWN_HOST.every((name) => !env[name]);
}

interface Greeted {
  readonly wire: Wire;
  readonly heard: readonly string[];
}

async function greet(context: CliContext): Promise<Greeted | undefined> {
  const place = await placeOf(context);
  // Who has no daemon does not pay for the code that asks one.
  if (!existsSync(place.socket)) return undefined;
  const { openWire, PROTOCOL } = await import('../client/open-wire.ts');
  const opened = await openWire(place.socket);
  if ('reason' in opened) {
    context.log.debug('no daemon is asked', { socket: place.socket, reason: opened.reason });
    return undefined;
  }
  const { wire } = opened;
  try {
    const { heard } = await within(wire, () =>
      wire.request<HelloResult>('hello', { protocol: PROTOCOL, name: 'outrigger', pid: process.pid }),
    );
    await within(wire, () => assertSameConfig(wire, place));
    return { wire, heard };
  } catch (error) {
    wire.end('it cannot be used');
    if (!(error instanceof HostError)) throw error;
    context.log.warn('The daemon that runs cannot be used, so this is done without it', { reason: error.message });
    return undefined;
  }
}

/** A daemon is found by its config, unless somebody named its socket: other plugins are not those that were meant. Rejects with CONFIG_INVALID. */
async function assertSameConfig(wire: Wire, { isNamed, config, socket }: DaemonPlace): Promise<void> {
  if (!isNamed || config === undefined) return;
  const { configFiles } = await wire.request<StatusResult>('status');
  const real = await Promise.all(configFiles.map((file) => realpath(file).catch(() => file)));
  if (real.includes(config)) return;
  throw new HostError('CONFIG_INVALID', `the one at "${socket}", which OUTRIGGER_SOCKET names, serves another config than "${config}"`);
}

/** One that listens and says nothing must not keep a command from running. */
const HELLO_MS = 10_000;

async function within<T>(wire: Wire, ask: () => Promise<T>): Promise<T> {
  const late = setTimeout(() => wire.end(`no answer within ${HELLO_MS} ms`), HELLO_MS);
  try {
    return await ask();
  } finally {
    clearTimeout(late);
  }
}
