import { join } from 'node:path';
import type { Config } from '@outrigger/schemas';
import { stateFolder } from './user-folders.ts';

const MAX_BYTES = 8 * 1024 * 1024;

export interface TraceLocation {
  readonly file: string;
  readonly maxBytes: number;
}

/** Where the command line keeps traces; undefined when it keeps none. */
export function traceLocation(traces: Config['traces'], env: Readonly<Record<string, string | undefined>>): TraceLocation | undefined {
  if (traces?.enabled === false) return undefined;
  const state = stateFolder(env);
  const file = traces?.file ?? (state && join(state, 'traces.jsonl'));
  return file ? { file, maxBytes: traces?.maxBytes ?? MAX_BYTES } : undefined;
}
