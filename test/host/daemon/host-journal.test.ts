import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '@outrigger/schemas';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { journalFile } from '../../../host/journal/journal.ts';
import { readAllTraces, readRecords } from '../../../host/journal/read-journal.ts';
import type { Logger } from '../../../host/protocol/types.ts';
import { type AppHost, DRAFT, fixtures, Hosts } from '../../support/hosts.ts';
import { waitUntil } from '../../support/wait-until.ts';

const PROGRAM = fileURLToPath(new URL('emit-kept.ts', import.meta.url));
let hosts = new Hosts();
let children: ChildProcess[] = [];
beforeEach(() => {
  hosts = new Hosts();
  children = [];
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await hosts.close();
});

interface Settings {
  readonly journal?: Config['journal'];
  readonly config?: Record<string, string>;
  readonly log?: Logger;
}

async function open({ journal, config = {}, log }: Settings = {}): Promise<AppHost> {
  const home = await hosts.home;
  return hosts.open(
    {},
    {
      journal: true,
      cwd: home,
      env: { ...(await hosts.env()), OUTRIGGER_DATA_DIR: home },
      config: {
        catalogs: [],
        ...(journal && { journal }),
        plugins: fixtures({ 'keeps-events': { config: { file: join(home, 'told'), ...config } } }),
      },
      ...(log && { log }),
    },
  );
}

/** Titles of the events that the plugin was asked about, in order. */
async function told(): Promise<string[]> {
  return (await toldLines()).map((line) => line.split(' ')[0] ?? '');
}

async function toldLines(): Promise<string[]> {
  const file = join(await hosts.home, 'told');
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
}

function titled(title: string): typeof DRAFT {
  return { ...DRAFT, title };
}

function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, place) => String(place + 1));
}

function logbook(): { lines: Record<string, unknown>[]; log: Logger } {
  const lines: Record<string, unknown>[] = [];
  const keep = (message: string, fields?: object): void => void lines.push({ message, ...fields });
  return { lines, log: { debug: () => undefined, info: () => undefined, warn: keep, error: keep } };
}

/** A host in a process of its own; `settled` grows as its events are over. */
async function hostProcess(count: number): Promise<{ child: ChildProcess; settled: string[]; plugin: () => number }> {
  const home = await hosts.home;
  const args = ['--conditions=@outrigger/source', PROGRAM, home, join(home, 'told'), String(count)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const settled: string[] = [];
  let pid = 0;
  let rest = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('plugin ')) pid = Number(line.slice(7));
      else settled.push(line);
    }
  });
  return { child, settled, plugin: () => pid };
}

test('an event for at-least-once is a hook/invoke with the outcome, in the order of the events', async () => {
  const host = await open();
  for (const title of numbers(20)) await host.emit('app.save', titled(title));
  await waitUntil(async () => (await told()).length === 20, 'all events to be told');

  expect(await told()).toEqual(numbers(20));
  for (const line of await toldLines()) expect(line).toMatch(/^\d+ e\w+ hook\/invoke continued$/);
  await waitUntil(() => host.stats().journal?.spool?.events === 0, 'the spool to be empty');
});

test('no event for at-least-once is lost when the host is killed with SIGKILL under load, and none changes its place', async () => {
  const first = await hostProcess(5000);
  await waitUntil(async () => first.settled.length > 300 && (await told()).length > 50, 'the host to be busy', 30_000);
  const gone = new Promise((resolve) => first.child.once('exit', resolve));
  first.child.kill('SIGKILL');
  await gone;
  const promised = first.settled.length;
  const before = (await told()).length;

  const host = await open();
  await host.emit('app.save', titled('last'));
  await waitUntil(async () => (await told()).includes('last'), 'the last event to be told', 30_000);

  const all = await told();
  const once = [...new Set(all)];
  expect(once.slice(0, promised)).toEqual(numbers(promised));
  expect(once.at(-1)).toBe('last');
  // Only what was answered and not yet forgotten may come again.
  expect(all.length - once.length, `${all.length} told, ${before} before the kill`).toBeLessThanOrEqual(100);
  const ids = new Map((await toldLines()).map((line) => [line.split(' ')[0], line.split(' ')[1]]));
  expect(new Set(ids.values()).size).toBe(once.length);
}, 60_000);

test('no event for at-least-once is lost when the plugin is killed with SIGKILL under load', async () => {
  const { log } = logbook();
  const host = await open({ log });
  const kill = (): void => {
    const pid = host.plugins()[0]?.status?.pid;
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  };
  let kills = 0;
  for (const title of numbers(300)) {
    await host.emit('app.save', titled(title));
    if (Number(title) % 100 === 50) {
      await waitUntil(() => host.plugins()[0]?.status?.state === 'ready', 'the plugin to be there');
      kill();
      kills += 1;
    }
  }
  await waitUntil(async () => new Set(await told()).size === 300, 'all events to be told', 30_000);

  expect(kills).toBe(3);
  expect([...new Set(await told())]).toEqual(numbers(300));
  expect((await told()).length).toBeLessThanOrEqual(303);
}, 60_000);

test('an event that kills the plugin five times is set aside, recorded and counted, and those behind it get their turn', async () => {
  const { lines, log } = logbook();
  const host = await open({ config: { dies: 'bad' }, log });
  const { event } = await host.emit('app.save', titled('bad'));
  await host.emit('app.save', titled('good'));
  await waitUntil(async () => (await told()).includes('good'), 'the event behind it to be told', 30_000);

  expect(await told()).toEqual(['bad', 'bad', 'bad', 'bad', 'bad', 'good']);
  expect(host.stats().failOpens).toEqual({ 'keeps-events app.save PLUGIN_EXITED': 1 });
  expect(lines).toContainEqual(expect.objectContaining({ message: 'event was not delivered as promised', event, code: 'PLUGIN_EXITED' }));
  await host.close();
  const records = await readRecords(journalFile(await hosts.home));
  expect(records).toContainEqual(expect.objectContaining({ kind: 'delivery', plugin: 'keeps-events', event }));
  expect(records.filter(({ kind }) => kind === 'exit').map(({ data }) => data?.['death'])).toEqual([
    'crash',
    'crash',
    'crash',
    'crash',
    'crash',
    'requested',
  ]);
}, 60_000);

test('an event that is answered with an error is tried five times and then set aside', async () => {
  const host = await open({ config: { refuses: 'bad' } });
  await host.emit('app.save', titled('bad'));
  await host.emit('app.save', titled('good'));
  await waitUntil(async () => (await told()).includes('good'), 'the event behind it to be told', 30_000);

  expect(await told()).toEqual(['bad', 'bad', 'bad', 'bad', 'bad', 'good']);
  expect(host.stats().failOpens).toEqual({ 'keeps-events app.save PLUGIN_ERROR': 1 });
}, 60_000);

test('with whenFull: refuse an event is not fired when the spool is full; with drop-oldest the oldest goes and is counted', async () => {
  // It dies before it answers: nothing leaves the spool.
  const refusing = await open({ journal: { spool: { maxEvents: 3, whenFull: 'refuse' } }, config: { dies: 'bad' } });
  await refusing.emit('app.save', titled('bad'));
  for (const title of ['1', '2']) await refusing.emit('app.save', titled(title));
  await expect(refusing.emit('app.save', titled('3'))).rejects.toMatchObject({
    code: 'PLUGIN_OVERLOADED',
    message: expect.stringContaining('Cannot emit "app.save": the journal holds as many events for plugin "keeps-events"'),
  });
  await refusing.close();

  const dropping = await open({ journal: { spool: { maxEvents: 3 } }, config: { dies: 'bad' } });
  for (const title of ['4', '5', '6']) await dropping.emit('app.save', titled(title));
  expect(dropping.stats().journal?.spool?.dropped).toBeGreaterThan(0);
  expect(dropping.stats().failOpens).toMatchObject({ 'keeps-events app.save PLUGIN_OVERLOADED': dropping.stats().journal?.spool?.dropped });
}, 30_000);

test('a host whose spool cannot be kept tells the plugin once, counts it and goes on', async () => {
  const { lines, log } = logbook();
  writeFileSync(join(await hosts.home, 'no-folder'), '');
  const home = await hosts.home;
  const host = await hosts.open(
    {},
    {
      journal: true,
      cwd: home,
      env: { ...(await hosts.env()), OUTRIGGER_DATA_DIR: join(home, 'no-folder') },
      config: { catalogs: [], plugins: fixtures({ 'keeps-events': { config: { file: join(home, 'told') } } }) },
      log,
    },
  );
  await host.emit('app.save', titled('1'));
  await waitUntil(async () => (await told()).length === 1 && lines.length === 3, 'the event to be told');

  expect(await toldLines()).toEqual([expect.stringMatching(/^1 e\w+ hook\/notify continued$/)]);
  expect(host.stats().failOpens).toEqual({ 'keeps-events app.save STORAGE_FAILED': 1 });
  expect(lines.map(({ message }) => message)).toContainEqual(expect.stringContaining('Cannot keep events for plugins in'));
  expect(lines.map(({ message }) => message)).toContainEqual(expect.stringContaining('Cannot keep everything in the journal'));
});

test('traces, fail-opens and the lives of plugins are in the journal when the host is closed', async () => {
  const host = await open();
  host.on('app.check', () => Promise.reject(new Error('oh no')), { name: 'fails', onFailure: 'ignore' });
  const saved = await host.emit('app.save', titled('1'));
  const checked = await host.emit('app.check', DRAFT);
  await waitUntil(async () => (await told()).length === 1, 'the event to be told');
  await host.close();

  // Before somebody reads, who may leave some again.
  expect(readdirSync(await hosts.home).filter((name) => /-(wal|shm)$/.test(name))).toEqual([]);
  const journal = journalFile(await hosts.home);
  expect(await readAllTraces({ file: undefined, journal })).toEqual([saved.trace, checked.trace]);
  const records = await readRecords(journal);
  expect(records.map(({ kind }) => kind).sort()).toEqual(['exit', 'fail-open', 'host', 'host', 'ready', 'start']);
  expect(records).toContainEqual(expect.objectContaining({ kind: 'fail-open', plugin: 'fails', event: checked.event }));
});

test('a host without a journal says that at-least-once is not kept', async () => {
  const { lines, log } = logbook();
  const file = join(await hosts.home, 'told');
  const host = await hosts.open({ 'keeps-events': { config: { file } } }, { log });
  await host.emit('app.save', titled('1'));
  await waitUntil(async () => (await told()).length === 1, 'the event to be told');

  expect(lines).toContainEqual(expect.objectContaining({ message: 'no delivery at least once', plugins: ['keeps-events'] }));
  expect(await toldLines()).toEqual([expect.stringContaining('hook/notify')]);
  expect(host.stats().journal).toBeUndefined();
});

test('a plugin that is removed is let go: what waits for it stays, is told of, and reaches it when it is back', async () => {
  const home = await hosts.home;
  const { lines, log } = logbook();
  const host = await open({ config: { dies: '1' }, log });
  const plugins = fixtures({ 'keeps-events': { config: { file: join(home, 'told') } } });
  await host.emit('app.save', titled('1'));
  await waitUntil(() => (host.plugins()[0]?.status?.starts ?? 0) > 1, 'the plugin to die of the event');

  await host.reload({ config: { catalogs: [], plugins: {} } });
  await waitUntil(() => lines.some(({ message }) => message === 'kept events wait for plugins that do not hear them'), 'the warning');
  expect(host.stats().journal).toMatchObject({ spool: { events: 1 }, spools: {} });
  await host.reload({ config: { catalogs: [], plugins: {} } });
  expect(lines.filter(({ message }) => String(message).startsWith('kept events'))).toHaveLength(1);

  await host.reload({ config: { catalogs: [], plugins } });
  await waitUntil(async () => (await told()).includes('1'), 'the event to be told');
  await host.emit('app.save', titled('2'));
  await waitUntil(() => host.stats().journal?.spool?.events === 0, 'the spool to be empty');
  expect((await told()).at(-1)).toBe('2');
}, 60_000);

test('a namesake from another folder gets none of what waits', async () => {
  const home = await hosts.home;
  const host = await open({ config: { dies: '1' } });
  await host.emit('app.save', titled('1'));
  const path = join(home, 'another', 'keeps-events');
  cpSync(fixtures({ 'keeps-events': {} })['keeps-events']?.path ?? '', path, { recursive: true });
  const file = join(home, 'told-to-another');
  await host.reload({ config: { catalogs: [], plugins: { 'keeps-events': { path, trust: 'full', config: { file } } } } });
  await host.emit('app.save', titled('2'));
  await waitUntil(() => host.stats().journal?.spools['keeps-events']?.events === 0, 'the second event to be told');
  expect(host.stats().journal?.spool).toMatchObject({ events: 1 });
  expect(readFileSync(file, 'utf8')).toMatch(/^2 \S+ hook\/invoke continued\n$/);
}, 60_000);

test('what is kept for a plugin that is gone stays, and is told of', async () => {
  const first = await open({ config: { dies: '1' } });
  await first.emit('app.save', titled('1'));
  await first.close();
  const { lines, log } = logbook();
  const home = await hosts.home;
  const env = { ...(await hosts.env()), OUTRIGGER_DATA_DIR: home };
  const plugins = fixtures({ 'counts-events': { mode: 'fire_and_forget', delivery: 'at-least-once' } });
  const other = await hosts.open({}, { journal: true, cwd: home, env, config: { catalogs: [], plugins }, log });
  await waitUntil(() => lines.length > 0, 'the host to look');
  expect(lines).toContainEqual(expect.objectContaining({ message: 'kept events wait for plugins that do not hear them' }));
  await other.close();
});
