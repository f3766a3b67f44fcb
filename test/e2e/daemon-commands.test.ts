import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { waitUntil } from '../support/wait-until.ts';
import { document } from './cli-document.ts';
import { DaemonPlaceUnderTest } from './daemon-process.ts';

const HOOKS = { 'conda.pre_command': {} };
const PAYLOAD = JSON.stringify({ command: 'ls', args: [] });
const EVENT = { hook: 'conda.pre_command', payload: { command: 'ls', args: [] } };
/** Of one event and another that is the same. */
const DIFFER: ReadonlySet<string> = new Set(['event', 'time', 'durationMs', 'startMs', 'pid', 'coldStart']);
let place: DaemonPlaceUnderTest;

beforeEach(() => {
  place = new DaemonPlaceUnderTest();
});

afterEach(() => place.clear(), 30_000);

test('emit gives the same through the daemon as without, and starts nothing beside it', async () => {
  const answer =
    "(p) => p.command === 'rm' ? { action: 'block', violation: { code: 'no-rm', reason: 'no' } } : { action: 'modify', changes: { env: { A: '1' } } }";
  place.plugin('guard', HOOKS, answer);
  const starts = (): number =>
    readFileSync(place.path('plugins', 'guard', 'started'), 'utf8')
      .trimEnd()
      .split('\n').length;
  const emits = async (command: string, ...more: string[]): Promise<unknown> => {
    const payload = JSON.stringify({ command, args: [] });
    const { code, stdout } = await place.run([
      'emit',
      'conda.pre_command',
      '--payload',
      payload,
      '--operation',
      'op',
      '--session',
      's',
      '--json',
      ...more,
    ]);
    return [code, JSON.parse(stdout, (key, value: unknown) => (DIFFER.has(key) ? undefined : value))];
  };
  await place.up();
  expect(await emits('ls')).toEqual(await emits('ls', '--no-daemon'));
  expect(starts()).toBe(2);
  expect(await emits('rm')).toEqual(await emits('rm', '--without', 'nobody'));
  expect(starts()).toBe(3);
  const unknown = await place.run(['emit', 'conda.pre_comand']);
  expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('did you mean "conda.pre_command"?')]);
  expect((await place.run(['explain', 'conda.pre_command'])).stdout).toBe(
    (await place.run(['explain', 'conda.pre_command', '--no-daemon'])).stdout,
  );
  await document(place, 'explain', 'explain', 'conda.pre_command');
}, 120_000);

test('run works through the daemon: arguments, stdin, output, exit codes and signals are those of the command', async () => {
  const changes =
    "(p) => p.command === 'rm' ? { action: 'block', violation: { code: 'no-rm', reason: 'no' } } : { action: 'modify', changes: { env: { MARK: 'set' } } }";
  place.plugin(
    'guard',
    { ...HOOKS, 'conda.post_command': { mode: 'fire_and_forget' }, 'conda.on_exception': { mode: 'fire_and_forget' } },
    changes,
  );
  await place.up();

  const shell = await place.run(['run', 'sh', '-c', 'cat; echo "$MARK $1" >&2; exit 7', 'sh', 'an argument'], { input: 'typed' });
  expect(shell).toMatchObject({ code: 7, stdout: 'typed', stderr: 'set an argument\n' });
  expect(await place.run(['run', 'rm', '-rf', 'all'])).toMatchObject({ code: 3, stderr: 'outrigger: blocked by guard: no (no-rm)\n' });
  expect(await place.run(['run', 'sh', '-c', 'kill -TERM $$'])).toMatchObject({ signal: 'SIGTERM' });
  expect(await place.run(['run', 'no-such-program'])).toMatchObject({ code: 127 });
  await waitUntil(() => place.events('guard').length === 7, 'what the plugin was told', 20_000);

  const events = place.events('guard');
  expect(events.map(({ hook }) => hook).filter((hook) => hook === 'conda.on_exception')).toHaveLength(3);
  expect(new Set(events.map(({ context }) => context.operation)).size).toBe(4);
  expect(
    readFileSync(place.path('plugins', 'guard', 'started'), 'utf8')
      .trimEnd()
      .split('\n'),
  ).toHaveLength(1);
}, 120_000);

const KILLS_DAEMON = '() => { process.kill(process.ppid, "SIGKILL"); return new Promise(() => {}); }';

test.each([
  ['fail', 3, 'outrigger: blocked because guard failed: the daemon was lost before guard had answered (HOST_STOPPED)\n', ''],
  ['ignore', 0, expect.stringMatching(/^outrigger: The daemon was lost, so "conda.pre_command" goes on without plugins: .*\n$/), 'ran\n'],
])(
  'run keeps the policy "%s" when the daemon dies before the command, and says it once',
  async (onFailure, code, stderr, stdout) => {
    place.plugin('guard', { 'conda.pre_command': { onFailure }, 'conda.post_command': {} }, KILLS_DAEMON);
    await place.up();
    expect(await place.run(['run', 'echo', 'ran'])).toEqual({ code, signal: null, stdout, stderr });
  },
  60_000,
);

test('run returns what the command returned when the daemon dies meanwhile, and says it once', async () => {
  place.plugin('told', { 'conda.post_command': {}, 'conda.pre_command': {} });
  const { child } = await place.up();
  const done = await place.run(['run', 'sh', '-c', `kill -9 ${child.pid}; echo out`]);
  expect(done).toMatchObject({ code: 0, stdout: 'out\n' });
  expect(done.stderr).toMatch(/^outrigger: Cannot tell plugins how "sh" ended: Cannot ask the daemon for "emit": [^\n]*\n$/);
}, 60_000);

test('run starts its plugins itself, with a word, when the daemon says nothing', async () => {
  place.plugin('told', HOOKS);
  const { child } = await place.up();
  child.kill('SIGSTOP');
  try {
    const done = await place.run(['run', 'echo', 'ran']);
    expect(done).toMatchObject({ code: 0, stdout: 'ran\n' });
    expect(done.stderr).toMatch(
      /^outrigger: warning: The daemon that runs cannot be used, so this is done without it: .*no answer within 10000 ms\n$/,
    );
    expect(place.events('told')).toHaveLength(1);
  } finally {
    child.kill('SIGCONT');
  }
}, 60_000);

test('run does not ask a daemon of another config, whose socket was named', async () => {
  place.plugin('quick', HOOKS);
  await place.up();
  const event = ['emit', 'conda.pre_command', '--payload', PAYLOAD];
  const starts = (): number =>
    readFileSync(place.path('plugins', 'quick', 'started'), 'utf8')
      .trimEnd()
      .split('\n').length;
  const env = { ...place.env, OUTRIGGER_SOCKET: place.socket };
  expect((await place.run(event, { env })).stderr).toBe('');
  expect(starts()).toBe(1);

  writeFileSync(place.path('other.json'), readFileSync(place.path('outrigger.json')));
  const done = await place.run([...event, '--config', 'other.json'], { env });
  expect([done.code, done.stderr]).toEqual([0, expect.stringContaining('serves another config than')]);
  expect(starts()).toBe(2);
}, 60_000);

test('emit through a daemon that dies is not fired again: 4, in one line', async () => {
  place.plugin('kills', HOOKS, KILLS_DAEMON);
  await place.up();
  const done = await place.run(['emit', 'conda.pre_command', '--payload', PAYLOAD]);
  expect(done).toMatchObject({ code: 4, stdout: '' });
  expect(done.stderr).toMatch(/^outrigger: Cannot say what became of the event: .*\n$/);
  expect(place.events('kills')).toHaveLength(1);
}, 60_000);

test('trace knows what the daemon remembers and nothing keeps, and follows it', async () => {
  place.plugin('quick', HOOKS);
  place.config({ traces: { enabled: false }, journal: { enabled: false } });
  const { child } = await place.up();
  const client = await place.client();
  const event = String((await client.ask('emit', EVENT)).result?.['event']);

  const { traces } = await document<{ traces: { event: string }[] }>(place, 'traces', 'trace');
  expect(traces.map((one) => one.event)).toEqual([event]);
  expect(await document(place, 'trace', 'trace', 'last')).toMatchObject({ event });
  expect(await document(place, 'trace', 'trace', event)).toMatchObject({ event });
  expect((await place.run(['trace', '--no-daemon'])).code).toBe(1);

  const follows = place.start(['trace', '-f', '--json', '--number', '1']);
  let text = '';
  follows.stdout?.on('data', (chunk) => {
    text += chunk;
  });
  await waitUntil(() => text.includes(event), 'the latest event', 20_000);
  const next = String((await client.ask('emit', EVENT)).result?.['event']);
  await waitUntil(() => text.includes(next), 'the next event', 20_000);
  child.kill('SIGKILL');
  follows.kill('SIGKILL');
  expect(
    text
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { event: string }).event),
  ).toEqual([event, next]);
}, 120_000);
