import { openingOrder } from '../engine.ts';
import { fire, makePlugin, openHost, type PluginOptions } from '../ours.ts';
import { payloadOf } from '../payload.ts';
import type { Block, Measure } from '../types.ts';

function eachAwaited(call: () => unknown): Block {
  return async (count) => {
    const started = performance.now();
    for (let done = 0; done < count; done++) await call();
    return ((performance.now() - started) * 1000) / count;
  };
}

const payload = payloadOf('200 B');
/** tapable and hookable, by name. */
async function inProcess(options: {
  handler?: () => Promise<void>;
}): Promise<Record<'tapable' | 'hookable', (payload: object) => unknown>> {
  const { open } = await import(new URL('../contenders/in-process.mjs', import.meta.url).href);
  return open(options);
}

const empty = async (): Promise<void> => {};

export const NOBODY: readonly Measure[] = [
  {
    ...{ id: 'nobody', title: 'Nobody listens: awaited emit', unit: 'ns', placements: ['all cores'] },
    goals: [{ subject: 'outrigger', against: 'empty async function', atMost: 1 }],
    shown: [
      { subject: 'outrigger, by name', against: 'empty async function' },
      { subject: 'tapable', against: 'empty async function' },
      { subject: 'hookable', against: 'empty async function' },
    ],
    async open(bench) {
      const host = await openHost(bench, {});
      const hook = host.hook('bench.event');
      const { tapable, hookable } = await inProcess({});
      return {
        blocks: {
          'empty async function': eachAwaited(empty),
          outrigger: eachAwaited(() => hook.emit(payload)),
          'outrigger, by name': eachAwaited(() => host.emit('bench.event', payload)),
          tapable: eachAwaited(() => tapable(payload)),
          hookable: eachAwaited(() => hookable(payload)),
        },
        close: () => host.close(),
      };
    },
  },
  {
    ...{ id: 'has', title: 'Nobody listens: has()', unit: 'ns', placements: ['all cores'] },
    goals: [{ subject: 'hook.has()', atMost: 10 }],
    async open(bench) {
      const host = await openHost(bench, {});
      const hook = host.hook('bench.event');
      let heard = 0;
      const count = (has: () => boolean): Block => {
        return (times) => {
          const started = performance.now();
          for (let done = 0; done < times; done++) if (has()) heard++;
          if (heard > 0) throw new Error('Somebody listens');
          return Promise.resolve(((performance.now() - started) * 1000) / times);
        };
      };
      return {
        blocks: { 'hook.has()': count(() => hook.has()), 'host.has(name)': count(() => host.has('bench.event')) },
        close: () => host.close(),
      };
    },
  },
  {
    ...{ id: 'handler', title: 'One in-process handler', unit: 'ns', placements: ['all cores'] },
    goals: [{ subject: 'outrigger', against: 'empty async function', atMost: 3 }],
    shown: [
      { subject: 'tapable', against: 'empty async function' },
      { subject: 'hookable', against: 'empty async function' },
    ],
    async open(bench) {
      const host = await openHost(bench, {});
      host.on('bench.event', () => undefined);
      const hook = host.hook('bench.event');
      const { tapable, hookable } = await inProcess({ handler: empty });
      return {
        blocks: {
          'empty async function': eachAwaited(empty),
          outrigger: eachAwaited(() => hook.emit(payload)),
          tapable: eachAwaited(() => tapable(payload)),
          hookable: eachAwaited(() => hookable(payload)),
        },
        close: () => host.close(),
      };
    },
  },
];

const COUNTS = [1, 10, 100, 1000] as const;

/** One plugin is asked, the others are installed; how, makes the rows. */
function installed(id: string, title: string, others: PluginOptions): Measure {
  return {
    ...{ id, title, unit: 'µs', needs: ['bundle'], placements: ['one core'], share: 3 },
    goals: [{ subject: '1,000 installed', against: '1 installed', atMost: 1.05 }],
    shown: [10, 100].map((count) => ({ subject: `${count} installed`, against: '1 installed' })),
    async open(bench) {
      const blocks: Record<string, Block> = {};
      const hosts: { close(): Promise<void> }[] = [];
      for (const count of openingOrder(COUNTS, bench.turn)) {
        const entries: Record<string, object | undefined> = { [`asked${count}`]: makePlugin(bench, `asked${count}`) };
        for (let n = 1; n < count; n++) entries[`other${n}`] = makePlugin(bench, `other${n}`, others);
        const host = await openHost(bench, entries);
        hosts.push(host);
        blocks[`${count.toLocaleString('en')} installed`] = eachAwaited(fire(host, payload));
      }
      return { blocks, close: async () => void (await Promise.all(hosts.map((host) => host.close()))) };
    },
  };
}

export const INSTALLED: readonly Measure[] = [
  installed('installed', 'One event, plugins installed that hear another hook point', { hook: 'bench.other' }),
  installed('filtered', 'One event, plugins installed whose filter says no', { onlyFor: 'another' }),
];
