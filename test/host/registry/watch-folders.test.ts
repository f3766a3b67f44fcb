import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FolderWatch, MAX_WATCHED, type WatchOptions } from '../../../host/registry/watch-folders.ts';
import type { WatchItem } from '../../../host/registry/watch-plan.ts';
import { waitUntil } from '../../support/wait-until.ts';

let root: string;
let watches: FolderWatch[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'outrigger-watch-'));
  watches = [];
});

afterEach(() => {
  for (const watch of watches) watch.close();
  rmSync(root, { recursive: true, force: true });
});

const code = (plugin: string): WatchItem => ({ plugin, folder: join(root, plugin), depth: 8, matters: (path) => path.endsWith('.mjs') });

async function changesOf(items: readonly WatchItem[], more: Partial<WatchOptions> = {}): Promise<(string | undefined)[]> {
  const changes: (string | undefined)[] = [];
  const onChange = (changed: readonly WatchItem[]): Promise<void> => {
    changes.push(...changed.map(({ plugin }) => plugin));
    return Promise.resolve();
  };
  const watch = new FolderWatch({ items: () => items, onChange, settleMs: 20, pollMs: 30, ...more });
  watches.push(watch);
  await watch.start();
  return changes;
}

function write(...path: string[]): void {
  mkdirSync(join(root, ...path.slice(0, -1)), { recursive: true });
  writeFileSync(join(root, ...path), `${performance.now()}`);
}

describe.each([
  { how: 'by watching', isPolling: false },
  { how: 'by looking from time to time', isPolling: true },
])('FolderWatch $how', ({ isPolling }) => {
  test('tells which item changed, and nothing of files that do not matter', async () => {
    write('a', 'plugin.mjs');
    write('b', 'plugin.mjs');
    const changes = await changesOf([code('a'), code('b')], { isPolling });
    write('a', 'started');
    write('a', 'node_modules', 'lib.mjs');
    write('b', 'plugin.mjs');
    await waitUntil(() => changes.length > 0, 'the change');
    write('a', 'lib', 'deep', 'part.mjs');
    await waitUntil(() => changes.length > 1, 'the new file in a new folder');
    write('a', 'lib', 'deep', 'part.mjs');
    await waitUntil(() => changes.length > 2, 'another version of it');
    expect(changes).toEqual(['b', 'a', 'a']);
  });

  test('sees a file that another one was moved over, and a folder that was deleted and made again', async () => {
    write('a', 'plugin.mjs');
    const changes = await changesOf([code('a')], { isPolling });
    write('next');
    renameSync(join(root, 'next'), join(root, 'a', 'plugin.mjs'));
    await waitUntil(() => changes.length === 1, 'the file moved over it');
    rmSync(join(root, 'a'), { recursive: true });
    await waitUntil(() => changes.length === 2, 'the folder to go');
    write('a', 'plugin.mjs');
    await waitUntil(() => changes.length === 3, 'the folder to come again');
    write('a', 'plugin.mjs');
    await waitUntil(() => changes.length === 4, 'a change in the new folder');
    expect(changes).toEqual(['a', 'a', 'a', 'a']);
  });
});

test('FolderWatch notices a change beside a file that is written to all the time', async () => {
  write('a', 'plugin.mjs');
  const changes = await changesOf([code('a')], { settleMs: 50 });
  const noise = setInterval(() => {
    write('a', 'events.log');
    write('a', `new-${performance.now()}`);
  }, 5);
  try {
    write('a', 'plugin.mjs');
    await waitUntil(() => changes.length > 0, 'the change');
    expect(changes).toEqual(['a']);
  } finally {
    clearInterval(noise);
  }
});

test('FolderWatch says once when a folder has more than it looks at', async () => {
  mkdirSync(join(root, 'a'));
  for (let file = 0; file <= MAX_WATCHED; file++) writeFileSync(join(root, 'a', `${file}.mjs`), '');
  const problems: string[] = [];
  const changes = await changesOf([code('a'), code('b')], { onProblem: (message) => problems.push(message) });
  write('b', 'plugin.mjs');
  await waitUntil(() => changes.length > 0, 'a look at everything');
  expect(problems).toEqual([expect.stringContaining('only the first 5000 files and folders are')]);
});

test('FolderWatch goes on after what it tells of fails', async () => {
  write('a', 'plugin.mjs');
  let told = 0;
  const onChange = (): Promise<unknown> => {
    told += 1;
    return Promise.reject(new Error('not now'));
  };
  await changesOf([code('a')], { onChange });
  for (const times of [1, 2]) {
    write('a', 'plugin.mjs');
    await waitUntil(() => told === times, `change ${times}`);
  }
});

test('FolderWatch says nothing after it was closed', async () => {
  write('a', 'plugin.mjs');
  const changes = await changesOf([code('a')]);
  watches[0]?.close();
  write('a', 'plugin.mjs');
  const witness = await changesOf([code('b')]);
  write('b', 'plugin.mjs');
  await waitUntil(() => witness.length === 1, 'the witness');
  expect(changes).toEqual([]);
});
