import { readdirSync, statSync } from 'node:fs';
import type { Config } from '@outrigger/schemas';
import { expect, onTestFinished, test } from 'vitest';
import { Spool } from '../../../host/journal/spool.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { tempFolder } from './temp-folder.ts';

function openSpool(dataDir: string, settings?: Config['journal'], owner = 'me'): { spool: Spool; problems: string[] } {
  const problems: string[] = [];
  const spool = new Spool({ dataDir, owner, settings, onProblem: (message) => problems.push(message) });
  onTestFinished(() => spool.close());
  return { spool, problems };
}

function item(event: string, body = `"event":"${event}"`): { hook: string; event: string; body: string } {
  return { hook: 'app.save', event, body };
}

async function eventsOf(spool: Spool, plugin: string): Promise<string[]> {
  return (await spool.read(plugin, 0, 1000)).map(({ event }) => event);
}

test('read() gives what append() kept, in order, by plugin, also to the next host', async () => {
  const dataDir = await tempFolder();
  const first = openSpool(dataDir).spool;
  await Promise.all(['e1', 'e2', 'e3'].map((event) => first.append('one', item(event))));
  await first.append('other', item('e4'));
  const [, second] = await first.read('one', 0, 10);
  await first.close();
  expect(readdirSync(dataDir)).toEqual(['spool-me.db']);
  expect(statSync(first.file).mode & 0o777).toBe(0o600);

  const { spool, problems } = openSpool(dataDir);
  expect(await spool.load()).toEqual({ one: { events: 3, bytes: 36, aside: 0 }, other: { events: 1, bytes: 12, aside: 0 } });
  expect(second).toEqual({ seq: 2, attempts: 0, ...item('e2') });
  expect(await spool.read('one', 2, 10)).toEqual([{ seq: 3, attempts: 0, ...item('e3') }]);
  expect(await spool.read('one', 0, 1)).toHaveLength(1);
  expect(await eventsOf(spool, 'other')).toEqual(['e4']);
  expect(problems).toEqual([]);
});

test('what was settled or set aside does not come again, and no number is given twice', async () => {
  const dataDir = await tempFolder();
  const first = openSpool(dataDir).spool;
  for (const event of ['e1', 'e2', 'e3']) await first.append('one', item(event));
  first.settle('one', 1);
  first.blame(2);
  first.setAside('one', 3, 'it kills');
  await waitUntil(() => first.stats().events === 1, 'one event to be left');
  await first.close();

  const { spool } = openSpool(dataDir);
  expect(await spool.load()).toEqual({ one: { events: 1, bytes: 12, aside: 1 } });
  expect(spool.of('one')).toEqual({ events: 1, bytes: 12, aside: 1 });
  expect(spool.of('other')).toEqual({ events: 0, bytes: 0, aside: 0 });
  expect(await spool.read('one', 0, 10)).toEqual([{ seq: 2, attempts: 1, ...item('e2') }]);
  await spool.append('one', item('e4'));
  expect((await spool.read('one', 2, 10))[0]?.seq).toBe(4);
});

test('append() drops the oldest beyond maxEvents or maxBytes and counts them, but keeps the last whatever its size', async () => {
  const { spool } = openSpool(await tempFolder(), { spool: { maxEvents: 3, maxBytes: 2000 } });
  const dropped: number[] = [];
  for (const event of ['e1', 'e2', 'e3', 'e4', 'e5']) dropped.push(await spool.append('one', item(event)));
  await spool.append('other', item('e6'));
  expect(await eventsOf(spool, 'one')).toEqual(['e3', 'e4', 'e5']);
  expect(dropped).toEqual([0, 0, 0, 1, 1]);

  expect(await spool.append('one', item('huge', 'x'.repeat(5000)))).toBe(3);
  expect(await eventsOf(spool, 'one')).toEqual(['huge']);
  expect(await eventsOf(spool, 'other')).toEqual(['e6']);
  expect(spool.stats()).toEqual({ events: 2, bytes: 5012, dropped: 5, lost: 0 });
});

test('isFull() is true at the bound when events are to be refused, those on their way included', async () => {
  const { spool } = openSpool(await tempFolder(), { spool: { maxEvents: 2, whenFull: 'refuse' } });
  const appending = [spool.append('one', item('e1')), spool.append('one', item('e2'))];
  expect([spool.isFull('one'), spool.isFull('other')]).toEqual([true, false]);
  await Promise.all(appending);
  expect(spool.isFull('one')).toBe(true);
  spool.settle('one', 1);
  await waitUntil(() => !spool.isFull('one'), 'room');
});

test('a hundred events set aside are kept for each plugin, the newest', async () => {
  const { spool } = openSpool(await tempFolder());
  for (let number = 1; number <= 105; number++) {
    await spool.append('one', item(`e${number}`));
    spool.setAside('one', number, 'it kills');
  }
  await waitUntil(() => spool.stats().events === 0, 'all to be set aside');
  expect(spool.of('one').aside).toBe(100);
  expect(await spool.load()).toEqual({ one: { events: 0, bytes: 0, aside: 100 } });
});

test('what waits longer than maxAgeDays is removed at the next start', async () => {
  const dataDir = await tempFolder();
  const first = openSpool(dataDir).spool;
  await first.append('one', item('e1'));
  await first.close();
  const { spool } = openSpool(dataDir, { maxAgeDays: 1e-9 });
  expect(await spool.load()).toEqual({});
});

test('one host at a time has a spool; another gets it when the first is gone', async () => {
  const dataDir = await tempFolder();
  const first = openSpool(dataDir).spool;
  await first.append('one', item('e1'));
  const { spool, problems } = openSpool(dataDir);
  await expect(spool.append('one', item('e2'))).rejects.toThrow('database is locked');
  expect(problems).toEqual([expect.stringMatching(/^Cannot keep events for plugins in ".*spool-me\.db": database is locked$/)]);
  expect(spool.stats().lost).toBe(1);
  expect(spool.lastProblem).toEqual({ time: expect.stringMatching(/Z$/), message: 'database is locked' });
  await openSpool(dataDir, undefined, 'somebody-else').spool.append('one', item('e3'));

  await first.close();
  const later = async (): Promise<boolean> =>
    spool.append('one', item('e4')).then(
      () => true,
      () => false,
    );
  await waitUntil(later, 'the spool to be free');
  expect(await eventsOf(spool, 'one')).toEqual(['e1', 'e4']);
}, 20_000);
