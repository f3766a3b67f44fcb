import { resolve } from 'node:path';
import { Recorder } from '../conformance/recording.ts';
import { secretNames } from '../conformance/secret-names.ts';
import { TrafficTap } from '../conformance/traffic-tap.ts';
import type { Host } from '../daemon/types.ts';
import { HostError } from '../protocol/errors.ts';
import type { CliContext } from './context.ts';
import { withHost } from './open-host.ts';
import { UsageError } from './usage-error.ts';

export interface RecordOptions {
  readonly record?: string;
  readonly recordPlugin?: string;
}

/** `withHost`, and what one plugin and the host say to each other goes into a file. Warns when that was nothing, or not all. */
export async function withRecording<T>(context: CliContext, options: RecordOptions, use: (host: Host) => Promise<T>): Promise<T> {
  const { record, recordPlugin } = options;
  if (record === undefined) {
    if (recordPlugin !== undefined) throw new UsageError('Cannot use --record-plugin without --record: name the file to record into');
    return withHost(context, use);
  }
  const recorder = new Recorder(resolve(context.cwd, record));
  const tap = new TrafficTap(recorder, recordPlugin);
  try {
    const result = await withHost(context, (host) => {
      if (recordPlugin !== undefined) refuseUnknown(host, recordPlugin);
      const manifests = host.plugins().flatMap(({ registered }) => registered.manifest ?? []);
      recorder.know(manifests.flatMap(secretNames));
      tap.ready();
      return use(host);
    });
    const whom = recordPlugin === undefined ? 'any plugin' : `plugin "${recordPlugin}"`;
    if (recorder.trouble !== undefined) context.log.warn(`Cannot record all into "${record}": ${recorder.trouble}`);
    else if (recorder.messages === 0) context.log.warn(`Recorded nothing into "${record}": nothing was said to ${whom}`);
    return result;
  } finally {
    tap.close();
    recorder.close();
  }
}

/** Throws PLUGIN_UNKNOWN for a name that no plugin of the host has. */
function refuseUnknown(host: Host, plugin: string): void {
  const names = host.plugins().map(({ registered }) => registered.name);
  if (names.includes(plugin)) return;
  const known = names.length === 0 ? 'there are none' : `there are ${names.join(', ')}`;
  throw new HostError('PLUGIN_UNKNOWN', `Cannot record plugin "${plugin}": no plugin has this name; ${known}`);
}
