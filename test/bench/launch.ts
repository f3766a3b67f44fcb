// One launch of one measure in a process of its own. Reads its task as JSON from the first argument, prints the samples as JSON.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { interleave, type Pace } from './engine.ts';
import { MEASURES } from './measures/index.ts';
import type { Tools } from './types.ts';

export interface Task {
  readonly id: string;
  readonly pace: Omit<Pace, 'isOnce'>;
  readonly scale: number;
  readonly turn: number;
  readonly tools: Tools;
}

async function launch({ id, pace, scale, turn, tools }: Task): Promise<void> {
  const measure = MEASURES.find((one) => one.id === id);
  if (measure === undefined) throw new Error(`Cannot measure "${id}": there is no such row`);
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-bench-'));
  // What contenders leave there when one fails goes with it.
  process.env['TMPDIR'] = folder;
  try {
    const series = await measure.open({ tools, folder, scale, turn });
    const samples = await interleave(series.blocks, { ...pace, isOnce: measure.isOnce === true });
    await series.close();
    process.stdout.write(`${JSON.stringify(samples)}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await launch(JSON.parse(process.argv[2] ?? '{}') as Task);
process.exit();
