import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { FolderWatch } from '../../../host/conformance/folder-watch.ts';
import { waitUntil } from '../../support/wait-until.ts';

interface Watched {
  readonly path: (...names: string[]) => string;
  readonly changed: string[];
  /** What was told when a later change was. */
  readonly settled: () => Promise<readonly string[]>;
}

function watched(): Watched {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-watch-'));
  const path = (...names: string[]): string => join(folder, ...names);
  mkdirSync(path('src'));
  writeFileSync(path('src', 'plugin.py'), 'one');
  // So that names without an ending count.
  writeFileSync(path('Makefile'), '');
  writeFileSync(path('first.pyc'), '');
  const changed: string[] = [];
  const watch = new FolderWatch(folder, {
    onChange: (files) => void changed.push(...files),
    onError: (error) => void changed.push(error.message),
  });
  onTestFinished(() => {
    watch.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const settled = async (): Promise<readonly string[]> => {
    writeFileSync(path('last.py'), '');
    await waitUntil(() => changed.includes('last.py'), 'the last file is told');
    return changed.filter((file) => file !== 'last.py');
  };
  return { path, changed, settled };
}

test('FolderWatch tells the file that was saved', async () => {
  const { path, changed } = watched();

  writeFileSync(path('src', 'plugin.py'), 'two');

  await waitUntil(() => changed.length > 0, 'a file is told');
  expect(changed).toEqual([join('src', 'plugin.py')]);
});

test('FolderWatch tells of a file that is replaced once, under its own name', async () => {
  const { path, settled } = watched();

  writeFileSync(path('sedAb12Cd'), 'two');
  writeFileSync(path('unknown.py'), 'two');
  rmSync(path('unknown.py'));
  renameSync(path('sedAb12Cd'), path('src', 'plugin.py'));

  expect(await settled()).toEqual([join('src', 'plugin.py')]);
});

test('FolderWatch tells of a file that is gone, and of a new one', async () => {
  const { path, changed } = watched();

  rmSync(path('src', 'plugin.py'));
  await waitUntil(() => changed.length === 1, 'the lost file is told');
  writeFileSync(path('src', 'other.py'), '');
  await waitUntil(() => changed.length === 2, 'the new file is told');

  expect(changed).toEqual([join('src', 'plugin.py'), join('src', 'other.py')]);
});

test.each(['sedAb12Cd', 'a.pyc', 'a~', '4913', '.#a', 'plugin', 'target/a', '.git/index', 'events.jsonl'])(
  'FolderWatch says nothing of %s',
  async (name) => {
    const { path, settled } = watched();

    mkdirSync(path(name, '..'), { recursive: true });
    writeFileSync(path(name), 'two');

    expect(await settled()).toEqual([]);
  },
);
