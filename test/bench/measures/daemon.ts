import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect } from 'outrigger/client';
import { openContender } from '../contenders.ts';
import { sequential } from '../engine.ts';
import { type BenchHost, CATALOG, fire, makePlugin, openHost } from '../ours.ts';
import { payloadOf, type Size } from '../payload.ts';
import type { Bench, Measure, Series } from '../types.ts';

const BIN = new URL('../../../host/bin.mjs', import.meta.url).pathname;

/** Starts `outrigger up` with this plugin; settles when it serves. */
async function startDaemon(bench: Bench, plugin: object): Promise<{ socket: string; stop(): Promise<void> }> {
  const catalog = join(bench.folder, 'catalog');
  mkdirSync(catalog);
  writeFileSync(join(catalog, 'catalog.json'), JSON.stringify(CATALOG));
  const config = join(bench.folder, 'outrigger.json');
  writeFileSync(config, JSON.stringify({ catalogs: [catalog], plugins: { remote: plugin } }));
  const socket = join(bench.folder, 's');
  const env = { PATH: process.env['PATH'], HOME: join(bench.folder, 'home'), OUTRIGGER_SOCKET: socket, XDG_RUNTIME_DIR: bench.folder };
  const child = spawn(process.execPath, [...process.execArgv, BIN, 'up', '--config', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
    cwd: bench.folder,
    env,
  });
  const said: string[] = [];
  const lines = createInterface({ input: child.stderr });
  await new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => {
      said.push(line);
      if (line.includes('daemon serves')) resolve();
    });
    child.on('exit', () => reject(new Error(`Cannot start the daemon: ${said.slice(-3).join(' ')}`)));
  });
  return {
    socket,
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

function daemon(size: Size, atMost?: number): Measure {
  return {
    ...{ id: `daemon-${size.replace(' ', '')}`, title: `Through the daemon, ${size}`, unit: 'µs', needs: ['bundle'] },
    ...{ placements: ['one core', 'all cores'], warmth: size === '200 B' ? 4 : 1, share: 2 },
    goals: atMost === undefined ? [] : [{ subject: 'outrigger, through the daemon', against: 'outrigger', atMost }],
    shown: [
      ...(atMost === undefined ? [{ subject: 'outrigger, through the daemon', against: 'outrigger' }] : []),
      { subject: 'bare relay', against: 'outrigger' },
    ],
    async open(bench): Promise<Series> {
      const payload = payloadOf(size);
      const host = await openHost(bench, { p: makePlugin(bench, 'p') });
      const serving = await startDaemon(bench, makePlugin(bench, 'remote') ?? {});
      const client = await connect<{ 'bench.event': { payload: typeof payload } }>({ path: serving.socket });
      const relay = await openContender('bare relay', bench.tools);
      if (relay === undefined) throw new Error('Cannot start the relay');
      const remote = {
        emit: async (hook: 'bench.event', event: typeof payload) => ({ failOpens: [], ...(await client.emit(hook, event)) }),
      } as unknown as BenchHost;
      return {
        blocks: {
          outrigger: sequential(fire(host, payload)),
          'outrigger, through the daemon': sequential(fire(remote, payload)),
          'bare relay': relay.block(payload),
        },
        async close() {
          await client.close();
          await Promise.all([host.close(), serving.stop(), relay.close()]);
        },
      };
    },
  };
}

export const DAEMON: readonly Measure[] = [daemon('200 B', 2.1), daemon('256 KB')];
