import type { Block, Samples } from './types.ts';

export interface Pace {
  readonly rounds: number;
  /** How long one block should take, in milliseconds. */
  readonly blockMs: number;
  /** How often each contender is called before anything is counted, so that its code is compiled; 0: not at all. */
  readonly warmCalls: number;
  /** What ends the warming of a slow one, in milliseconds. */
  readonly warmMs: number;
  /** Each block is one operation. */
  readonly isOnce: boolean;
}

/** The first to be opened finds less compiled, and its processes a quieter system: what differs by little is opened the other way round in every second launch. */
export function openingOrder<T>(all: readonly T[], turn: number): readonly T[] {
  return turn % 2 === 0 ? all.toReversed() : all;
}

/** Runs the contenders in turn, block by block; each round begins with another one, so that none always follows the same. */
export async function interleave(blocks: Readonly<Record<string, Block>>, pace: Pace): Promise<Samples> {
  const names = Object.keys(blocks);
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, await warm(blocks[name] as Block, pace));
  const samples: Record<string, number[]> = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < pace.rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length] as string;
      samples[name]?.push(await (blocks[name] as Block)(counts.get(name) ?? 1));
    }
  }
  return samples;
}

/** Warms it up; how many operations fill a block. */
async function warm(block: Block, { warmCalls, warmMs, blockMs, isOnce }: Pace): Promise<number> {
  // The first start finds nothing in the caches of the system.
  if (isOnce && warmCalls > 0) await block(1);
  if (isOnce) return 1;
  const until = performance.now() + warmMs;
  let count = 1;
  let each = await block(count);
  for (let called = 1; called < warmCalls && performance.now() < until; called += count) {
    if (each * count < blockMs * 1000) count *= 2;
    each = await block(count);
  }
  return Math.max(1, Math.round((blockMs * 1000) / each));
}

/** One call after the other. */
export function sequential(call: () => Promise<unknown>): Block {
  return async (count) => {
    const started = performance.now();
    for (let done = 0; done < count; done++) await call();
    return ((performance.now() - started) * 1000) / count;
  };
}

/** So many calls at any time, as long as there are that many. */
export function parallel(call: () => Promise<unknown>, inFlight: number): Block {
  return async (count) => {
    let left = Math.max(count, inFlight * 4);
    const total = left;
    const started = performance.now();
    const worker = async (): Promise<void> => {
      while (left-- > 0) await call();
    };
    await Promise.all(Array.from({ length: inFlight }, worker));
    return ((performance.now() - started) * 1000) / total;
  };
}
