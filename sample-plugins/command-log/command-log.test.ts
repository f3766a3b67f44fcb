import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testPlugin } from '@outrigger/sdk/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readManifest, startPlugin } from '../../test/sdk/typescript/plugin-process.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import { plugin } from './plugin.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'command-log-'));
  file = join(folder, 'logs/commands.jsonl');
});
afterEach(() => rm(folder, { recursive: true }));

const lines = async () => (await readFile(file, 'utf8').catch(() => '')).split('\n').slice(0, -1);

test('command-log appends one line for each event', async () => {
  const t = await testPlugin(plugin, { config: { file } });
  const outcome = { status: 'continued' } as const;

  await t.call('conda.post_command', { command: 'ls', args: ['-l'], exitCode: 0, durationMs: 3 }, { outcome, operation: 'op' });
  await t.call('conda.on_exception', { command: 'false', args: [], error: 'E', errorClasses: ['E'], message: 'exit 1' }, { outcome });

  const [first, second, ...more] = (await lines()).map((line) => JSON.parse(line) as object);
  expect(first).toMatchObject({
    hook: 'conda.post_command',
    operation: 'op',
    outcome: 'continued',
    command: 'ls',
    args: ['-l'],
    durationMs: 3,
  });
  expect(second).toMatchObject({ hook: 'conda.on_exception', command: 'false', message: 'exit 1' });
  expect(more).toEqual([]);
});

test('command-log loses and mixes no line of many events at once', async () => {
  expect(readManifest(import.meta.dirname).problems).toEqual([]);
  const process = startPlugin(import.meta.dirname);
  await process.initialize({ file });

  for (let i = 0; i < 300; i++) process.hookNotify('conda.post_command', { command: 'n'.repeat(i), args: [] });
  await waitUntil(async () => (await lines()).length === 300, '300 lines');

  const lengths = (await lines()).map((line) => (JSON.parse(line) as { command: string }).command.length);
  expect(lengths.sort((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, i) => i));
  expect(await process.stop()).toEqual({ code: 0, signal: null });
});
