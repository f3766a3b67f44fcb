import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { type BenchHost, fire, makePlugin, openHost } from '../ours.ts';
import { payloadOf } from '../payload.ts';
import type { Bench, Measure } from '../types.ts';

const KB = 1024;
const MB = 1024 * KB;
const payload = payloadOf('200 B');
const close = (): Promise<void> => Promise.resolve();

/** A plugin that is one file of `plugins/`. */
function filePlugin(bench: Bench, name: string, options: Parameters<typeof makePlugin>[2] = {}): object | undefined {
  const entry = makePlugin(bench, name, { language: 'by hand', ...options });
  cpSync(new URL(`../plugins/${name}.mjs`, import.meta.url), join(bench.folder, 'plugins', name, 'plugin.mjs'));
  return entry;
}

function collected(): number {
  if (globalThis.gc === undefined) throw new Error('Cannot measure memory: start Node with --expose-gc');
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function loopDelayP99(ms: number): Promise<number> {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  await wait(ms);
  histogram.disable();
  return histogram.percentile(99) / 1000;
}

/** Memory of the host for each of so many plugins that have started, answered once and wait. */
async function perIdlePlugin(bench: Bench): Promise<number> {
  const count = Math.max(2, Math.round(30 * bench.scale));
  const entries = Object.fromEntries(Array.from({ length: count }, (_, n) => [`p${n}`, makePlugin(bench, `p${n}`, { mode: 'audit' })]));
  // The first host pays for what is loaded once.
  const warm = await openHost(bench, { p0: entries['p0'] });
  await fire(warm, payload)();
  await warm.close();
  const before = collected();
  const host = await openHost(bench, entries);
  await fire(host, payload)();
  const used = collected() - before;
  await host.close();
  return used / count / KB;
}

/** What the host holds after so many events for a plugin that has not read them, or has. */
async function held(bench: Bench, count: number, isDeaf: boolean): Promise<number> {
  const options = { mode: 'fire_and_forget', activation: 'eager' } as const;
  const host = await openHost(bench, isDeaf ? { deaf: filePlugin(bench, 'deaf', options) } : { p: makePlugin(bench, 'p', options) });
  while (host.plugins()[0]?.status?.state !== 'ready') await wait(5);
  const before = collected();
  for (let sent = 0; sent < count; sent++) await host.emit('bench.event', payload);
  const used = collected() - before;
  const dropped = host.plugins()[0]?.status?.notificationsDropped ?? 0;
  await host.close();
  if (isDeaf && dropped === 0) throw new Error('Cannot measure: nothing was dropped, so the plugin read');
  return used / MB;
}

function flooding(bench: Bench): { readonly file: string; open(): Promise<BenchHost> } {
  const file = join(bench.folder, 'flood-now');
  const entry = filePlugin(bench, 'flood', { env: { BENCH_FLOOD: file } });
  return { file, open: () => openHost(bench, { flood: entry }) };
}

export const HOST: readonly Measure[] = [
  {
    ...{
      id: 'flood',
      title: 'Loop delay of the host, p99, while a plugin floods stdout',
      unit: 'ms',
      isOnce: true,
      placements: ['all cores'],
    },
    goals: [{ subject: 'with the flood', against: 'without', atMost: 2 }],
    needs: ['bundle'],
    async open(bench) {
      const { file, open } = flooding(bench);
      const host = await open();
      await fire(host, payload)();
      const ms = Math.max(200, 1500 * bench.scale);
      return {
        blocks: {
          without: () => loopDelayP99(ms),
          async 'with the flood'() {
            writeFileSync(file, '');
            await wait(100);
            const delay = await loopDelayP99(ms);
            rmSync(file);
            // What is still in the pipe is read before the other turn begins.
            await wait(200);
            return delay;
          },
        },
        close: () => host.close(),
      };
    },
  },
  {
    ...{ id: 'idle-memory', title: 'Memory of the host per idle plugin', unit: 'KB', isOnce: true, placements: ['all cores'], share: 0.2 },
    ...{ goals: [{ subject: 'outrigger', atMost: 300 }], needs: ['bundle'] },
    open: (bench) => Promise.resolve({ blocks: { outrigger: () => perIdlePlugin(bench) }, close }),
  },
  {
    ...{ id: 'unread', title: 'Memory held by the host after 100,000 events nobody read', unit: 'MB', isOnce: true, share: 0.1 },
    ...{ goals: [{ subject: 'plugin that does not read', atMost: 17 }], needs: ['bundle'], placements: ['all cores'] },
    open(bench) {
      const count = Math.max(10_000, Math.round(100_000 * bench.scale));
      return Promise.resolve({
        blocks: { 'plugin that does not read': () => held(bench, count, true), 'plugin that reads': () => held(bench, count, false) },
        close,
      });
    },
  },
];
