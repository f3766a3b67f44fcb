import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { launch } from '../../../host/process/launch.ts';
import { rootWords, stage, uidOf } from '../../../host/sandbox/root-host.ts';
import { folderWith, runConfined, textOf } from '../../support/confined.ts';
import { testWhere, testWith } from '../../support/needs.ts';

const isRoot = process.getuid?.() === 0;
const onRootHost = isRoot ? testWith('bwrap', 'bubblewrap') : testWhere(false, 'not root');
const mount = (source: string, mode: 'ro' | 'rw' = 'ro') => ({ source, target: '/x', mode });

test('uidOf() is the same at every start, another for another plugin, and no user of the system', () => {
  expect(uidOf('one')).toBe(uidOf('one'));
  expect(uidOf('one')).not.toBe(uidOf('two'));
  for (const name of ['one', 'two', '']) {
    expect(uidOf(name)).toBeGreaterThanOrEqual(1_870_000_000);
    expect(uidOf(name)).toBeLessThan(1_870_000_000 + 16_777_216);
  }
});

// What the kernel says of a process with no groups and no rights left, nor a way to gain some.
const GIVEN_UP = { Uid: '77\t77\t77\t77', Gid: '77\t77\t77\t77', Groups: '', CapPrm: '0000000000000000', NoNewPrivs: '1' };

onRootHost.each([
  ['without mounts', undefined],
  ['with mounts', '77\0/etc\0ro\0'],
] as const)('rootWords() %s give up the groups and what could be gained again', async (_name, feed) => {
  const [command = '', ...args] = [...rootWords(77, 'test', feed === undefined ? undefined : 3), '/bin/cat', '/proc/self/status'];
  const pipes = feed === undefined ? [] : [Buffer.from(feed)];

  const child = launch({ plugin: 'test', command, args, cwd: '/', env: {}, pipes });
  const status = await textOf(child.stdout);

  const said = Object.fromEntries(status.split('\n').map((line) => line.split(/:\s*/, 2).map((part) => part.trim())));
  expect(said).toMatchObject(GIVEN_UP);
});

test('stage() leaves what everybody may read, stages what is to be written', () => {
  const folder = folderWith({ 'a/b.txt': 'x' });

  expect(stage([mount(folder)], uidOf('p'))).toEqual({ mounts: [mount(folder)], feed: undefined });

  const { mounts, feed } = stage([mount(folder), mount(folder, 'rw')], 77);
  expect(mounts).toEqual([mount(folder), mount('/mnt/0', 'rw')]);
  expect(Buffer.from(feed ?? []).toString()).toBe(`77\0${folder}\0rw\0`);
});

test('stage() stages a tree with something closed in it, or too large to look at', () => {
  const closed = folderWith({ 'a/b.txt': 'x' });
  chmodSync(join(closed, 'a/b.txt'), 0o600);
  const above = folderWith({ 'a/b.txt': 'x' });
  chmodSync(above, 0o700);
  const large = folderWith(Object.fromEntries(Array.from({ length: 210 }, (_, index) => [`f${index}`, ''])));

  const { mounts } = stage([mount(closed), mount(join(above, 'a')), mount(large)], 77);

  expect(mounts.map(({ source }) => source)).toEqual(['/mnt/0', '/mnt/1', '/mnt/2']);
});

onRootHost('stage.pl: a plugin of a root host uses folders of root, and what it writes belongs to root', async () => {
  const directory = folderWith({ 'secret.txt': 'mine' });
  chmodSync(join(directory, 'secret.txt'), 0o600);
  const dataDir = mkdtempSync(join(tmpdir(), 'outrigger-data-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true }));

  const script = 'cat secret.txt; echo new > /data/new; id -u; touch /plugin/x';
  const { stdout, stderr, exit } = await runConfined(['/bin/sh', '-c', script], { directory, dataDir });

  expect(stdout).toBe('mine1000\n');
  expect(stderr).toContain('Read-only file system');
  expect(exit.code).toBe(1);
  expect(statSync(join(dataDir, 'new')).uid).toBe(0);
});

onRootHost('stage.pl: files and folders of another owner, below a closed folder, are mapped as well', async () => {
  const closed = folderWith();
  const data = join(closed, 'data');
  mkdirSync(data);
  writeFileSync(join(data, 'file'), 'theirs', { mode: 0o600 });
  for (const path of [data, join(data, 'file')]) chownSync(path, 12_345, 12_345);
  chmodSync(closed, 0o700);

  const { stdout } = await runConfined(['/bin/sh', '-c', 'cat /data/file; echo more > /data/more'], { dataDir: data });

  expect(stdout).toBe('theirs');
  expect(statSync(join(data, 'more')).uid).toBe(12_345);
});

onRootHost('stage.pl: says what it cannot prepare, and starts nothing', async () => {
  const gone = folderWith({ 'a/x': '' });

  const { stderr, stdout, exit } = await runConfined(['/bin/echo', 'started'], {
    read: [],
    dataDir: gone,
    write: [{ source: join(gone, 'link'), target: '/x' }],
  });

  expect([stdout, exit.code === 0]).toEqual(['', false]);
  expect(stderr).toContain(join(gone, 'link'));
});
