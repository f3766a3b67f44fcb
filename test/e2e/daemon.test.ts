import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { waitUntil } from '../support/wait-until.ts';
import { DaemonPlaceUnderTest } from './daemon-process.ts';

const SLOW = "async () => { appendFileSync('inside', 'x'); await new Promise((resolve) => setTimeout(resolve, 20)); return {}; }";
const EVENT = { hook: 'conda.pre_command', payload: { command: 'ls', args: [] } };
let place: DaemonPlaceUnderTest;

beforeEach(() => {
  place = new DaemonPlaceUnderTest();
});

afterEach(() => place.clear(), 30_000);

function check(definition: string, stdout: string): Record<string, unknown> {
  const ajv = new Ajv2020({ strict: false });
  for (const name of ['trace', 'manifest', 'cli'])
    ajv.addSchema(JSON.parse(readFileSync(new URL(`../../schemas/${name}.schema.json`, import.meta.url), 'utf8')));
  const document = JSON.parse(stdout) as Record<string, unknown>;
  const validate = ajv.getSchema(`urn:outrigger:schema:cli#/$defs/${definition}`);
  expect(validate, definition).toBeDefined();
  validate?.(document);
  expect(validate?.errors ?? []).toEqual([]);
  return document;
}

test.each([['status'], ['stop'], ['reload']])('outrigger %s returns 4 when no daemon runs, and says how to start one', async (command) => {
  const done = await place.run([command]);
  expect(done).toMatchObject({ code: 4, stdout: '' });
  expect(done.stderr).toMatch(
    /^outrigger: Cannot reach the daemon of ".*outrigger.json" at ".*\.sock": there is no socket; start it with "outrigger start"\n$/,
  );
});

test('outrigger start, status and stop: a daemon in the background, its log beside the data, and nothing left', async () => {
  place.plugin('quick', { 'conda.pre_command': {} });
  const started = check('start', (await place.run(['start', '--json'])).stdout);
  const again = check('start', (await place.run(['start', '--json'])).stdout);
  await (await place.client()).ask('emit', EVENT);
  const status = check('status', (await place.run(['status', '--json'])).stdout);
  const shown = await place.run(['status']);
  const stopped = check('stop', (await place.run(['stop', '--json'])).stdout);

  expect(started).toMatchObject({ started: true, socket: place.path('run', 'outrigger', `${keyOf(String(started['socket']))}.sock`) });
  expect(again).toEqual({ started: false, pid: started['pid'], socket: started['socket'] });
  expect(status).toMatchObject({
    pid: started['pid'],
    state: 'serving',
    events: 1,
    plugins: [{ name: 'quick', state: 'ready', answered: 1 }],
  });
  expect(shown.stdout).toMatch(/^Daemon \d+ \S+ serving\n/);
  expect(shown.stdout).toMatch(/\nquick +ready +\d+ +0 +0 +0 +1 +0 +\d+ MiB/);
  expect(stopped).toEqual({ stopped: true, pid: started['pid'] });
  expect(place.files()).toEqual([]);
  const log = readFileSync(String(started['logFile']), 'utf8').trimEnd().split('\n');
  expect(log.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual(
    expect.arrayContaining(['daemon serves', 'daemon stops']),
  );
  await waitUntil(() => !existsSync(`/proc/${started['pid']}`), 'the process to be gone');
}, 30_000);

function keyOf(socket: string): string {
  return /([0-9a-f]{16})\.sock$/.exec(socket)?.[1] ?? 'no key';
}

test('outrigger start hands its options on, and nothing that systemd gave to the service around it', async () => {
  place.plugin('quick', { 'conda.pre_command': {} });
  Object.assign(place.env, { NOTIFY_SOCKET: place.path('nobody'), LISTEN_FDS: '1', WATCHDOG_USEC: '1000' });
  const { stdout } = await place.run(['--verbose', '--without', 'quick', 'start', '--json']);
  const { logFile } = check('start', stdout);
  const status = check('status', (await place.run(['status', '--json'])).stdout);
  expect(status).toMatchObject({ plugins: [{ name: 'quick', state: 'without' }] });
  expect(readFileSync(String(logFile), 'utf8')).not.toContain('cannot tell systemd');
}, 30_000);

test('outrigger start says why the daemon does not start, with its own words', async () => {
  writeFileSync(place.path('outrigger.json'), '{"plugins": 7}');
  const done = await place.run(['start']);
  expect(done).toMatchObject({ code: 1, stdout: '' });
  expect(done.stderr).toContain('plugins');
  expect(place.files()).toEqual([]);
});

test('two daemons at once: one serves, the other names it', async () => {
  const [one, other] = await Promise.all([place.up(), place.up()]);
  const [winner, loser] = one.child.exitCode === null ? [one, other] : [other, one];
  expect(await loser.ended).toMatchObject({ code: 1 });
  expect(loser.log.text).toContain(`one runs already, process ${winner.child.pid}`);
  expect(check('status', (await place.run(['status', '--json'])).stdout)).toMatchObject({ pid: winner.child.pid });
}, 30_000);

test('two starts at once end with one daemon', async () => {
  const done = await Promise.all([place.run(['start', '--json']), place.run(['start', '--json'])]);
  expect(done.map(({ code }) => code)).toEqual([0, 0]);
  const pids = done.map(({ stdout }) => (JSON.parse(stdout) as { pid: number }).pid);
  expect(pids[0]).toBe(pids[1]);
}, 30_000);

test('SIGKILL leaves a dead socket and a stale lock; status says so, the next daemon serves, no plugin is left', async () => {
  place.plugin('quick', { 'conda.pre_command': {} });
  const { child, ended } = await place.up();
  const client = await place.client();
  await client.ask('emit', EVENT);
  const plugin = readFileSync(place.path('plugins', 'quick', 'started'), 'utf8').trim();
  child.kill('SIGKILL');
  await ended;
  expect(place.files()).toHaveLength(2);
  const status = await place.run(['status']);
  expect(status.code).toBe(4);
  expect(status.stderr).toContain('the socket is dead, its daemon ended without cleaning up');
  await waitUntil(() => !existsSync(`/proc/${plugin}`), 'the plugin to be gone');

  const next = await place.up();

  expect((await (await place.client()).ask('emit', EVENT)).result).toMatchObject({ status: 'continued' });
  next.child.kill('SIGTERM');
  expect(await next.ended).toMatchObject({ code: 0, signal: null });
  expect(place.files()).toEqual([]);
}, 30_000);

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s under load: events in flight are answered, then the daemon ends and leaves nothing',
  async (signal) => {
    place.plugin('slow', { 'conda.pre_command': {} }, SLOW);
    const { child, ended } = await place.up();
    const clients = await Promise.all(Array.from({ length: 10 }, () => place.client()));
    for (const client of clients) for (let id = 0; id < 5; id++) client.send({ id, method: 'emit', params: EVENT });
    await waitUntil(() => existsSync(place.path('plugins', 'slow', 'inside')), 'an event to be inside');

    child.kill(signal);

    expect(await ended).toMatchObject({ code: 0, signal: null });
    const answers = clients.flatMap(({ said }) => said.filter(({ id }) => typeof id === 'number'));
    expect(answers).toHaveLength(50);
    // What came behind the signal is refused, and told so.
    expect(answers.filter(({ result, error }) => result?.['status'] !== 'continued' && error?.data.code !== 'HOST_STOPPED')).toEqual([]);
    expect(answers.filter(({ result }) => result?.['status'] === 'continued').length).toBeGreaterThan(0);
    expect(place.files()).toEqual([]);
    const plugin = readFileSync(place.path('plugins', 'slow', 'started'), 'utf8').trim();
    expect(existsSync(`/proc/${plugin}`)).toBe(false);
  },
  30_000,
);

test('outrigger reload and SIGHUP: a broken configuration is refused with the reason, and the daemon serves on', async () => {
  const { child, log } = await place.up();
  writeFileSync(place.path('outrigger.json'), '{"plugins": 7}');
  const refused = await place.run(['reload', '--json']);
  expect(refused.code).toBe(1);
  expect(check('reload', refused.stdout)).toMatchObject({ applied: false, reason: expect.stringContaining('plugins') });
  child.kill('SIGHUP');
  await waitUntil(() => log.text.split('configuration not applied').length > 3, 'a refusal for the change, the command and the signal');
  expect((await place.run(['status'])).code).toBe(0);
}, 30_000);

test('outrigger stop ends the daemon that OUTRIGGER_SOCKET names, whatever the config here, and waits for its end', async () => {
  place.env['OUTRIGGER_SOCKET'] = place.path('my.sock');
  const { child, ended } = await place.up();
  const other = place.path('other.json');
  writeFileSync(other, '{}');
  const done = await place.run(['--config', other, 'stop']);
  expect(done).toMatchObject({ code: 0, stdout: `Daemon ${child.pid} has stopped\n` });
  expect(existsSync(`/proc/${child.pid}/cwd`)).toBe(false);
  expect(await ended).toMatchObject({ code: 0 });
  expect([existsSync(place.path('my.sock')), place.files()]).toEqual([false, []]);
});

test('outrigger up keeps its log as JSON lines where nobody sits at a terminal', async () => {
  const { log } = await place.up();
  for (const line of log.text.trimEnd().split('\n'))
    expect(JSON.parse(line)).toMatchObject({ time: expect.any(String), level: expect.any(String) });
});

test.each([
  [['--listen', 'nowhere'], 'Cannot listen on "nowhere": give HOST:PORT'],
  [['--listen', '127.0.0.1:0'], 'without --tls-cert, --tls-key and --token-file'],
  [['--token-file', 'x'], 'without --listen'],
  [['--stdio', '--listen', '127.0.0.1:0', '--tls-cert', 'c', '--tls-key', 'k', '--token-file', 't'], 'Cannot use --listen with --stdio'],
])('outrigger up %j is a usage error', async (args, cause) => {
  const done = await place.run(['up', ...args]);
  expect(done).toMatchObject({ code: 2, stdout: '' });
  expect(done.stderr).toContain(cause);
  expect(place.files()).toEqual([]);
});

test('outrigger up refuses a runtime folder that others may write to', async () => {
  const { chmodSync, mkdirSync } = await import('node:fs');
  mkdirSync(place.runFolder, { recursive: true });
  chmodSync(place.runFolder, 0o777);
  const done = await place.run(['up']);
  expect(done.code).toBe(1);
  expect(done.stderr).toContain('others may write to it');
  expect(readdirSync(place.runFolder)).toEqual([]);
});
