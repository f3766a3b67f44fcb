import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { DaemonPlaceUnderTest } from './daemon-process.ts';

let place: DaemonPlaceUnderTest;

beforeAll(() => {
  execFileSync(process.execPath, [fileURLToPath(new URL('../../host/dashboard/build.mjs', import.meta.url))]);
});

beforeEach(() => {
  place = new DaemonPlaceUnderTest();
});

afterEach(() => place.clear(), 30_000);

async function addresses(): Promise<string[]> {
  return (JSON.parse((await place.run(['status', '--json'])).stdout) as { addresses: string[] }).addresses;
}

test('outrigger dashboard returns 4 when no daemon runs', async () => {
  const done = await place.run(['dashboard']);
  expect(done).toMatchObject({ code: 4, stdout: '' });
  expect(done.stderr).toContain('start it with "outrigger start"');
});

test('outrigger up listens on no port by itself; outrigger dashboard opens one and prints its link, the same each time', async () => {
  await place.up();
  expect(await addresses()).toEqual([place.socket]);
  const { stdout } = await place.run(['dashboard']);
  const url = new URL(stdout.trim());
  expect((await fetch(url)).status).toBe(200);
  expect((await place.run(['dashboard'])).stdout).toBe(stdout);
  expect(await addresses()).toEqual([place.socket, url.origin]);
});

test('outrigger start --http serves health, readiness and metrics from the start, and says nothing of its token in the log', async () => {
  place.plugin('quick', { 'conda.pre_command': {} });
  await place.run(['start', '--http', '0']);
  const [, origin = ''] = await addresses();
  await (await place.client()).ask('emit', { hook: 'conda.pre_command', payload: { command: 'ls', args: [] } });
  const { stdout } = await place.run(['status']);

  expect(await (await fetch(`${origin}/healthz`)).text()).toBe('ok\n');
  expect((await fetch(`${origin}/readyz`)).status).toBe(200);
  expect(await (await fetch(`${origin}/metrics`)).text()).toContain(
    'outrigger_calls_total{plugin="quick",hook="conda.pre_command",status="continued"} 1',
  );
  expect(stdout).toMatch(/p50 \/ p99 +held by\n.*\d+\.\d \/ \d+\.\d ms {2}–\n/);
});

test('outrigger up says which port it cannot have, and leaves no socket behind', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address() as { port: number };
  const { ended } = await place.up(['--http', String(port)]);
  const { code, stderr } = await ended;
  taken.close();
  expect(code).toBe(1);
  expect(stderr).toContain(`Cannot serve HTTP on 127.0.0.1:${port}: `);
  expect(place.files().filter((file) => file.endsWith('.sock'))).toEqual([]);
});

test.each([
  [['--http', 'nine'], 'give a number from 0 to 65535'],
  [['--http', '65536'], 'give a number from 0 to 65535'],
  [['--stdio', '--http'], 'Cannot use --http with --stdio'],
])('outrigger up %j is a mistake of use', async (args, why) => {
  const done = await place.run(['up', ...args]);
  expect(done.code).toBe(2);
  expect(done.stderr).toContain(why);
});
