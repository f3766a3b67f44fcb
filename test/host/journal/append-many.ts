/** Appends many traces to a shared file: `append-many.ts FILE MAX_BYTES PREFIX COUNT`. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TraceFile } from '../../../host/journal/trace-file.ts';

const [file = '', maxBytes = '', prefix = '', count = ''] = process.argv.slice(2);
const traces = new TraceFile({ file, maxBytes: Number(maxBytes), onProblem: (message) => console.error(message) });
for (let i = 0; i < Number(count); i++) {
  traces.append({
    event: `${prefix}${i}`,
    hook: 'conda.pre_command',
    time: '2026-01-02T03:04:05.678Z',
    durationMs: 1,
    depth: 0,
    plan: [],
    answers: [],
    skipped: [],
    outcome: { status: 'blocked', by: 'x'.repeat(i % 700), changed: [] },
  });
  // Many small batches, so that the writers of two processes meet often.
  if (i % 5 === 0) await nextTurn();
  if (i % 50 === 0) await traces.flush();
}
await traces.flush();
process.exitCode = traces.dropped > 0 ? 1 : 0;
