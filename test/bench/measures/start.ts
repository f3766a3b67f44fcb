import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type BenchHost, CATALOG, fire, makePlugin, openHost } from '../ours.ts';
import { payloadOf } from '../payload.ts';
import type { Bench, Block, Measure } from '../types.ts';

const payload = payloadOf('200 B');
const close = (): Promise<void> => Promise.resolve();
const BUILD = fileURLToPath(new URL('../../../host/build.mjs', import.meta.url));
const ONCE = { unit: 'ms', needs: ['bundle'], placements: ['all cores'], isOnce: true } as const;

function program(name: string): string {
  return fileURLToPath(new URL(`../plugins/${name}`, import.meta.url));
}

function timed(body: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  return body().then(() => (performance.now() - started) * 1000);
}

/** Starts a Node program; settles at its first byte with what ends it. */
async function start(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<() => Promise<void>> {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'], env });
  const exited = once(child, 'exit');
  await Promise.race([once(child.stdout, 'data'), exited.then(() => Promise.reject(new Error(`Cannot start ${args.at(-1)}: it ended`)))]);
  return async () => {
    child.stdin.end();
    await exited;
  };
}

/** So many bare Node programs, started together; the time to the last first byte. */
function bareStarts(count = 1): Block {
  return async () => {
    let ends: (() => Promise<void>)[] = [];
    const spent = await timed(async () => {
      ends = await Promise.all(Array.from({ length: count }, () => start([program('bare.mjs')])));
    });
    await Promise.all(ends.map((end) => end()));
    return spent;
  };
}

/** Opens a host outside the clock, does this inside it. */
function withHost(open: () => Promise<BenchHost>, body: (host: BenchHost) => Promise<number>): Block {
  return async () => {
    const host = await open();
    try {
      return await body(host);
    } finally {
      await host.close();
    }
  };
}

/** From the kill to the next good answer, without the back-off, whose length varies on purpose. */
async function recovery(host: BenchHost): Promise<number> {
  await fire(host, payload)();
  const pid = host.plugins()[0]?.status?.pid;
  if (pid === undefined) throw new Error('Cannot kill the plugin: it has no process');
  const started = performance.now();
  process.kill(pid, 'SIGKILL');
  while (host.plugins()[0]?.status?.state === 'ready') await wait(1);
  const backoffMs = host.plugins()[0]?.status?.nextStartMs ?? 0;
  const backoffAt = performance.now();
  await fire(host, payload)();
  return (performance.now() - backoffAt - backoffMs + (backoffAt - started)) * 1000;
}

async function allReady(host: BenchHost, count: number): Promise<void> {
  while (host.plugins().filter(({ status }) => status?.state === 'ready').length < count) await wait(1);
}

function countOf({ scale }: Bench): number {
  return Math.max(2, Math.round(50 * scale));
}

export const START: readonly Measure[] = [
  {
    ...{ ...ONCE, id: 'first-event', title: 'First event of a lazy plugin' },
    goals: [{ subject: 'outrigger', against: 'bare node plugin.js to its first byte', atMost: 1.3 }],
    async open(bench) {
      const entry = makePlugin(bench, 'p');
      const ours = withHost(
        () => openHost(bench, { p: entry }),
        (host) => timed(fire(host, payload)),
      );
      return { blocks: { 'bare node plugin.js to its first byte': bareStarts(), outrigger: ours }, close };
    },
  },
  {
    ...{ ...ONCE, id: 'recovery', title: 'kill -9 to the next good answer, back-off not counted' },
    goals: [{ subject: 'outrigger', against: 'bare node plugin.js to its first byte', atMost: 1.2 }],
    async open(bench) {
      const entry = makePlugin(bench, 'p');
      return {
        blocks: {
          'bare node plugin.js to its first byte': bareStarts(),
          outrigger: withHost(() => openHost(bench, { p: entry }), recovery),
        },
        close,
      };
    },
  },
  {
    ...{ ...ONCE, id: 'fifty', title: '50 plugins ready', share: 0.4 },
    goals: [{ subject: 'outrigger', against: 'bare starts', atMost: 1.15 }],
    async open(bench) {
      const count = countOf(bench);
      const entries = Object.fromEntries(
        Array.from({ length: count }, (_, n) => [`p${n}`, makePlugin(bench, `p${n}`, { activation: 'eager' })]),
      );
      const ours: Block = async () => {
        let host: BenchHost | undefined;
        const spent = await timed(async () => {
          host = await openHost(bench, entries);
          await allReady(host, count);
        });
        await host?.close();
        return spent;
      };
      return { blocks: { 'bare starts': bareStarts(count), outrigger: ours }, close };
    },
  },
  {
    ...{ ...ONCE, id: 'first-run', title: 'Start of an application to its first event' },
    goals: [{ subject: 'outrigger', against: 'bare Node that starts a bare plugin', atMost: 1.5 }],
    shown: [{ subject: 'outrigger, compile cache', against: 'bare Node that starts a bare plugin' }],
    async open(bench) {
      const given = JSON.stringify({ config: { catalogs: [], plugins: { p: makePlugin(bench, 'p') } }, catalog: CATALOG, payload });
      // What is installed is the built host, whatever the benchmark itself runs from. The application lies where "outrigger" is found.
      execFileSync(process.execPath, [BUILD]);
      const app = [program('app.mjs'), given];
      const cache = join(bench.folder, 'compile-cache');
      mkdirSync(cache);
      const once = (args: readonly string[], env?: NodeJS.ProcessEnv): Block => {
        return async () => {
          let end: () => Promise<void> = close;
          const spent = await timed(async () => {
            end = await start(args, env);
          });
          await end();
          return spent;
        };
      };
      const bare = join(bench.folder, 'bare.mjs');
      copyFileSync(program('bare.mjs'), bare);
      return {
        blocks: {
          'bare Node that starts a bare plugin': once([program('bare-app.mjs'), bare]),
          outrigger: once(app),
          'outrigger, compile cache': once(app, { ...process.env, NODE_COMPILE_CACHE: cache }),
        },
        close,
      };
    },
  },
];
