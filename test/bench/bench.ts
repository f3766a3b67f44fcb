import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Task } from './launch.ts';
import { run, setUp } from './setup.ts';
import { rowOf } from './stats.ts';
import type { Measure, Placement, Results, Samples } from './types.ts';

const LAUNCH = fileURLToPath(new URL('launch.ts', import.meta.url));

/** `full` is what is published, `quick` takes about a minute, `tiny` only shows that everything runs. */
const SIZES = {
  full: { launches: 4, rounds: 6, blockMs: 40, warmCalls: 10_000, warmMs: 500, onceRounds: 10, scale: 1 },
  quick: { launches: 1, rounds: 5, blockMs: 10, warmCalls: 3000, warmMs: 200, onceRounds: 4, scale: 0.2 },
  tiny: { launches: 1, rounds: 1, blockMs: 1, warmCalls: 0, warmMs: 0, onceRounds: 1, scale: 0.02 },
} as const;

export interface BenchOptions {
  readonly size: keyof typeof SIZES;
  readonly measures: readonly Measure[];
  readonly log: (line: string) => void;
}

/** Runs the measures, each launch in processes of its own, all launches of a row apart from each other in time. */
export async function runBench({ size, measures, log }: BenchOptions): Promise<Results> {
  const { launches } = SIZES[size];
  // Before the benchmark makes load of its own.
  const where = machine();
  const chosen = measures.filter(({ isLong }) => size === 'full' || isLong !== true);
  const { tools, missing } = await setUp(new Set(chosen.flatMap(({ needs }) => needs ?? [])));
  for (const [name, why] of Object.entries(missing)) log(`Not measured: what needs "${name}". ${why}`);
  const rows = chosen.flatMap((measure) =>
    placementsOf(measure, size).map((placement) => ({ measure, placement, samples: [] as Samples[] })),
  );
  for (let turn = 1; turn <= launches; turn++) {
    for (const { measure, placement, samples } of rows) {
      log(`${turn}/${launches} ${measure.id}, ${placement}`);
      samples.push(await launch({ ...taskOf(measure, size), tools, turn }, placement));
    }
  }
  return {
    ...{ date: new Date().toISOString().slice(0, 10), machine: where, versions: versions(), launches, missing },
    rows: rows.map(({ measure, placement, samples }) => rowOf(measure, placement, samples)),
  };
}

function placementsOf({ placements }: Measure, size: BenchOptions['size']): readonly Placement[] {
  const possible = process.platform === 'linux' ? placements : placements.filter((placement) => placement === 'all cores');
  return size === 'full' ? possible : possible.slice(0, 1);
}

function taskOf({ id, isOnce, share = 1, warmth = 1 }: Measure, size: BenchOptions['size']): Omit<Task, 'tools' | 'turn'> {
  const { rounds, onceRounds, blockMs, warmCalls, warmMs, scale } = SIZES[size];
  return {
    id,
    scale,
    pace: { blockMs, warmCalls, warmMs: warmMs * warmth, rounds: Math.max(1, Math.round((isOnce === true ? onceRounds : rounds) * share)) },
  };
}

/** One launch in a process of its own, under the conditions this one runs under. */
function launch(task: Task, placement: Placement): Promise<Samples> {
  const words = [process.execPath, ...process.execArgv, '--expose-gc', LAUNCH, JSON.stringify(task)];
  const [command = '', ...args] = placement === 'one core' ? ['taskset', '-c', '0', ...words] : words;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      errors = `${errors}${chunk}`.slice(-4000);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(text) as Samples);
      else reject(new Error(`Cannot measure "${task.id}": the launch ended with ${code}: ${errors.trim()}`));
    });
  });
}

function machine(): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 1024 ** 3);
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${memory} GB, ${type()} ${release().replace(/-.*/, '')}, load ${(loadavg()[0] ?? 0).toFixed(1)} before it began`;
}

function versions(): Record<string, string> {
  const require = createRequire(import.meta.url);
  const lock = require('./package-lock.json') as { packages: Record<string, { version: string }> };
  const { dependencies } = require('./package.json') as { dependencies: Record<string, string> };
  const found: Record<string, string> = { Node: process.versions.node };
  for (const name of Object.keys(dependencies)) found[name] = lock.packages[`node_modules/${name}`]?.version ?? 'unknown';
  for (const [name, words] of Object.entries({ Python: ['python3', '-V'], Go: ['go', 'env', 'GOVERSION'], Rust: ['rustc', '-V'] })) {
    try {
      found[name] = /\d+(\.\d+)+/.exec(run(words[0] as string, words.slice(1)))?.[0] ?? 'unknown';
    } catch {
      // Not here: its rows are missing too.
    }
  }
  return found;
}
