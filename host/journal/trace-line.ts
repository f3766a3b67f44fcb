import type { TraceLine } from './types.ts';

/** A trace, and what it is found by. */
export interface TraceRow {
  readonly event: string;
  readonly hook: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The trace as JSON, without line breaks. */
  readonly body: string;
}

export function traceLine({ event, hook, time, body }: TraceRow): TraceLine {
  return `${time}\n${event}\n${hook}\n${body}`;
}

export function traceRow(line: TraceLine): TraceRow {
  const event = line.indexOf('\n') + 1;
  const hook = line.indexOf('\n', event) + 1;
  const body = line.indexOf('\n', hook) + 1;
  return {
    time: Number(line.slice(0, event - 1)),
    event: line.slice(event, hook - 1),
    hook: line.slice(hook, body - 1),
    body: line.slice(body),
  };
}
