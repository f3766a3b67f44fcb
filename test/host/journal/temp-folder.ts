import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Trace } from '@outrigger/schemas';
import { onTestFinished } from 'vitest';

/** A folder that is gone when the test is. */
export async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-journal-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export function makeTrace(event: string, hook = 'conda.pre_command'): Trace {
  return {
    event,
    hook,
    time: '2026-01-02T03:04:05.678Z',
    durationMs: 1.5,
    depth: 0,
    plan: [{ plugin: 'protect', mode: 'sequential', stage: 0, priority: 50, why: ['priority 50'] }],
    answers: [{ plugin: 'protect', mode: 'sequential', stage: 0, status: 'continued', startMs: 0.1, durationMs: 1 }],
    skipped: [],
    outcome: { status: 'continued', changed: [] },
  };
}
