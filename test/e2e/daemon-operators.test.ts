import { rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { waitUntil } from '../support/wait-until.ts';
import { document } from './cli-document.ts';
import { DaemonPlaceUnderTest } from './daemon-process.ts';

const HOOKS = { 'conda.pre_command': {} };
const EVENT = { hook: 'conda.pre_command', payload: { command: 'ls', args: [] } };
/** Says the same at every level, and on stderr. */
const TALKS = `() => {
  const log = (level) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', method: 'log', params: { level, message: level + ' of mine' } }) + '\\n');
  for (const level of ['debug', 'info', 'warn', 'error']) log(level);
  process.stderr.write('on stderr\\n');
  return { metadata: { pid: process.pid } };
}`;
let place: DaemonPlaceUnderTest;

beforeEach(() => {
  place = new DaemonPlaceUnderTest();
});

afterEach(() => place.clear(), 30_000);

interface Lines {
  readonly lines: readonly { readonly message: string; readonly plugin: string; readonly stream?: string }[];
}

async function said(...args: string[]): Promise<string[]> {
  const { lines } = await document<Lines>(place, 'pluginsLogs', 'plugins', 'logs', ...args);
  return lines.filter(({ stream }) => stream !== undefined).map(({ message }) => message);
}

interface Action {
  readonly action: string;
  readonly plugin?: string;
  readonly detail?: string;
  readonly result: string;
  readonly by: { readonly via: string; readonly pid?: number };
}

async function actions(...args: string[]): Promise<readonly Action[]> {
  return (await document<{ actions: readonly Action[] }>(place, 'audit', 'audit', ...args)).actions;
}

test('plugins logs needs a daemon, and says so', async () => {
  const done = await place.run(['plugins', 'logs']);
  expect(done.code).toBe(4);
  expect(done.stderr).toMatch(/^outrigger: Cannot reach the daemon .*start it with "outrigger start"\n$/);
});

test('a daemon whose socket was removed is named by its process, and SIGTERM ends it', async () => {
  const { child, ended } = await place.up();
  rmSync(place.socket);
  const { code, stderr } = await place.run(['stop']);
  expect(code).toBe(4);
  expect(stderr).toContain(`there is no socket; process ${child.pid} holds its lock: wait for it, or end it with "kill ${child.pid}"`);
  child.kill('SIGTERM');
  expect((await ended).code).toBe(0);
  expect(place.files()).toEqual([]);
  expect((await place.run(['stop'])).stderr).toContain('there is no socket; start it with "outrigger start"');
}, 60_000);

test('--inspect-plugin with a name that no plugin has is a warning', async () => {
  place.plugin('quick', { 'conda.pre_command': {} });
  const fired = await place.run(['emit', 'conda.pre_command', '--payload', '{"command":"ls","args":[]}', '--inspect-plugin', 'quik']);
  expect(fired.stderr).toContain('Cannot inspect plugin "quik": no plugin has that name; did you mean "quick"?');
}, 60_000);

test('plugins logs shows what plugins wrote, and -f goes on', async () => {
  place.plugin('talks', HOOKS, TALKS);
  place.plugin('silent', HOOKS);
  const { child } = await place.up();
  const client = await place.client();
  await client.ask('emit', EVENT);
  await waitUntil(async () => (await said()).length === 4, 'what it wrote', 30_000);

  expect((await said()).toSorted()).toEqual(['error of mine', 'info of mine', 'on stderr', 'warn of mine']);
  expect(await said('talks', '--level', 'error')).toEqual(['error of mine']);
  expect(await said('silent')).toEqual([]);
  expect((await place.run(['plugins', 'logs', 'tallks'])).stderr).toContain('did you mean "talks"?');

  const follows = place.start(['plugins', 'logs', 'talks', '-f', '--lines', '0', '--json']);
  let text = '';
  follows.stdout?.on('data', (chunk) => {
    text += chunk;
  });
  const ended = new Promise((resolve) => follows.once('exit', resolve));
  // Which it may have missed while it began.
  await waitUntil(
    async () => {
      await client.ask('emit', EVENT);
      return text.includes('warn of mine');
    },
    'the new lines',
    30_000,
  );
  child.kill('SIGTERM');
  expect(await ended).toBe(4);
  for (const line of text.trimEnd().split('\n')) expect(JSON.parse(line)).toMatchObject({ plugin: 'talks' });
}, 120_000);

test('plugins set --log-level counts at once, without a new process, for the log of the daemon too', async () => {
  place.plugin('talks', HOOKS, TALKS);
  const { log } = await place.up();
  const client = await place.client();
  const pidOf = async (): Promise<unknown> => {
    const { result = {} } = await client.ask('emit', { ...EVENT, trace: true });
    return (result['trace'] as { answers: { metadata: { pid: number } }[] }).answers[0]?.metadata.pid;
  };
  const pid = await pidOf();
  await waitUntil(async () => (await said()).length === 4, 'what it wrote', 30_000);
  expect(log.text).not.toContain('debug of mine');

  expect((await place.run(['plugins', 'set', 'talks', '--log-level', 'debug'])).stdout).toContain('in force in the daemon that runs');
  expect(await pidOf()).toBe(pid);
  await waitUntil(() => log.text.includes('debug of mine'), 'the debug record in the log of the daemon', 20_000);
  expect(await said('--level', 'debug')).toContain('debug of mine');
  expect(await document(place, 'status', 'status')).toMatchObject({ plugins: [{ name: 'talks', logLevel: 'debug' }] });

  await place.run(['plugins', 'set', 'talks', '--log-level', 'error']);
  const before = (await said()).length;
  expect(await pidOf()).toBe(pid);
  await waitUntil(async () => (await said()).length === before + 1, 'its error alone', 20_000);

  const refused = await place.run(['plugins', 'set', 'talks', '--log-level', 'error', '--hook', 'conda.pre_command']);
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('leave out --hook')]);
}, 120_000);

test('audit has every action of an operator, with who and what came of it, and no value of a setting', async () => {
  place.plugin('quick', HOOKS);
  const { child, ended } = await place.up();
  await place.run(['plugins', 'restart', 'quick']);
  await place.run(['plugins', 'disable', 'quick']);
  await place.run(['plugins', 'enable', 'quick']);
  await place.run(['plugins', 'set', 'quick', '--mode', 'audit']);
  await place.run(['plugins', 'config', 'set', 'quick', 'password', 'hunter2']);
  await place.run(['plugins', 'reload', 'quick']);
  await place.run(['reload']);
  await place.run(['dashboard']);
  await place.run(['plugins', 'remove', 'quick']);
  await place.run(['plugins', 'add', 'plugins/quick', '--trust']);
  await place.run(['plugins', 'trust', 'quick', '--yes']);
  await place.run(['plugins', 'untrust', 'quick']);
  place.config({ traces: { enabled: false } });
  await place.run(['reload']);
  child.kill('SIGTERM');
  await ended;

  const all = await actions();
  const done = all.filter(({ by }) => by.via !== 'files').map(({ action, plugin }) => [action, ...(plugin ? [plugin] : [])].join(' '));
  const onQuick = ['restart', 'disable', 'enable', 'set', 'config', 'reload'].map((action) => `${action} quick`);
  const expected = ['start', ...onQuick.slice(0, 5), 'reload', 'reload', 'dashboard'];
  expect(done).toEqual([...expected, ...['remove', 'add', 'trust', 'untrust'].map((action) => `${action} quick`), 'reload', 'stop']);
  expect(all.find(({ action }) => action === 'restart')?.by).toEqual({
    via: 'socket',
    name: 'outrigger',
    pid: expect.any(Number),
    uid: process.getuid?.(),
  });
  expect(all.find(({ action }) => action === 'set')?.detail).toBe('mode audit');
  expect(all.find(({ action }) => action === 'config')?.detail).toBe('password');
  expect(all.at(-2)).toMatchObject({ result: 'refused', reason: expect.stringContaining('Cannot change "traces"') });
  expect(all.at(-1)).toMatchObject({ action: 'stop', by: { via: 'signal', name: 'SIGTERM' } });
  expect(JSON.stringify(all)).not.toContain('hunter2');
  expect(await actions('--plugin', 'quick', '--number', '1')).toMatchObject([{ action: 'untrust' }]);
  expect(await actions('--since', '2099-01-01')).toEqual([]);
  expect((await place.run(['audit', '--since', 'soon'])).code).toBe(2);
  expect((await place.run(['audit'])).stdout).toMatch(/outrigger, process \d+ +config +quick +password/);
}, 180_000);

test('status tells what the journal keeps, and what waits for a plugin that does not take it', async () => {
  const hooks = { 'conda.post_command': { mode: 'fire_and_forget', delivery: 'at-least-once' } };
  place.plugin('never', hooks, '() => new Promise(() => {})');
  await place.up();
  const client = await place.client();
  const payload = { command: 'ls', args: [], exitCode: 0, durationMs: 1, cwd: '/' };
  for (let event = 0; event < 3; event++) await client.ask('emit', { hook: 'conda.post_command', payload });

  interface Status {
    readonly journal: { readonly file: string; readonly bytes: number; readonly written: number };
  }
  const read = (): Promise<Status> => document<Status>(place, 'status', 'status');
  // Traces are written behind the back of events.
  await waitUntil(async () => (await read()).journal.written > 2, 'three traces', 20_000);
  const { journal, ...status } = await read();
  expect(status).toMatchObject({ plugins: [{ name: 'never', spool: { events: 3, aside: 0 } }] });
  expect(journal).toMatchObject({ lost: 0, spool: { events: 3, dropped: 0, lost: 0 } });
  expect(journal.bytes).toBeGreaterThan(statSync(journal.file).size - 1);
  expect((await place.run(['status'])).stdout).toMatch(/journal +\d+ KiB, \d+ written, 0 lost, \d+ queued; 3 events wait for plugins/);
}, 120_000);

test('a data folder that is removed under the daemon is said in its log and in its status, and the daemon serves on', async () => {
  place.plugin('quick', HOOKS);
  const { log } = await place.up();
  const client = await place.client();
  await client.ask('emit', EVENT);
  const { journal } = await document<{ journal: { file: string } }>(place, 'status', 'status');
  rmSync(dirname(journal.file), { recursive: true });
  await waitUntil(() => log.text.includes('"data of the daemon is gone"'), 'the log to say so');
  const { problems } = await document<{ problems: readonly string[] }>(place, 'status', 'status');
  expect(problems).toEqual([expect.stringContaining(`The folder "${dirname(journal.file)}" was removed`)]);
  expect((await client.ask('emit', EVENT)).result).toMatchObject({ status: 'continued' });
}, 60_000);
