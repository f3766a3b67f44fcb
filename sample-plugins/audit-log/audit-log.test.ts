import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HookMap } from '@outrigger/schemas';
import { testPlugin } from '@outrigger/sdk/testing';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type OpenSample, openSample } from '../../test/samples/sample-host.ts';
import { temporaryFolder } from '../../test/sdk/python/python.ts';
import { testWith } from '../../test/support/needs.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import { plugin } from './plugin.ts';

const CATALOGS = ['mellea', 'conda', 'coma', 'pycomex'];
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
const SUCCESS = {
  component_type: 'Instruction',
  action: { type: 'Instruction', text: 'hush' },
  result: { value: 'hush' },
  latency_ms: 12.5,
};
const FAILURE = {
  component_type: 'Instruction',
  action: { type: 'Instruction' },
  error: { type: 'ValueError', message: 'hush' },
  error_type: 'ValueError',
};
const RUN: HookMap['coma.post_run_hook']['payload'] = {
  name: 'train',
  command: { kind: 'function', target: 'train' },
  known_args: {},
  unknown_args: [],
  configs: {},
};
const testConfined = testWith('bwrap', 'bubblewrap');

/** The records in all files of this name below a folder. */
function records(folder: string, name = 'audit.jsonl'): unknown[] {
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith(name));
  return found
    .flatMap((path) => readFileSync(join(folder, path), 'utf8').split('\n').slice(0, -1))
    .map((line) => JSON.parse(line) as unknown);
}

async function recorded({ dataDir }: OpenSample, count: number): Promise<unknown[]> {
  await waitUntil(() => records(dataDir).length >= count, `${count} records`);
  return records(dataDir);
}

testConfined('audit-log writes exactly these fields of a session, and nothing that was said', async () => {
  const opened = await openSample(import.meta.dirname, { catalogs: CATALOGS });
  expect(opened.host.plugins().map(({ registered }) => registered.trust)).toEqual(['none']);
  const session = opened.host.session({ id: 's1' });

  await session.emit('mellea.component_post_success', SUCCESS);
  await session.emit('mellea.component_post_error', FAILURE);
  await opened.host.emit('mellea.component_post_success', SUCCESS);

  expect(await recorded(opened, 3)).toEqual([
    { event: 'generation_success', session_id: 's1', component_type: 'Instruction', latency_ms: 12.5, timestamp: TIME },
    { event: 'generation_error', session_id: 's1', error_type: 'ValueError', timestamp: TIME },
    { event: 'generation_success', session_id: null, component_type: 'Instruction', latency_ms: 12.5, timestamp: TIME },
  ]);
});

testConfined('audit-log hears commands, programs and experiments too', async () => {
  const opened = await openSample(import.meta.dirname, { catalogs: CATALOGS });
  const { host } = opened;
  const always = { session_id: null, timestamp: TIME };

  await host.emit('conda.post_command', { command: 'ls', args: ['hush'], durationMs: 3 });
  await host.emit('conda.on_exception', { command: 'ls', args: [], error: 'E', errorClasses: ['E'], message: 'hush' });
  await host.emit('coma.post_run_hook', RUN);
  await host.emit('pycomex.after_experiment_finalize', { experiment: { name: 'fit', duration_s: 1.5, error: null } });
  await host.emit('pycomex.after_experiment_finalize', { experiment: { name: 'fit', error: { type: 'ValueError', message: 'hush' } } });

  expect(await recorded(opened, 5)).toEqual([
    { event: 'command_success', command: 'ls', latency_ms: 3, ...always },
    { event: 'command_error', command: 'ls', error_type: 'E', ...always },
    { event: 'command_success', command: 'train', ...always },
    { event: 'experiment_success', experiment: 'fit', latency_ms: 1500, ...always },
    { event: 'experiment_error', experiment: 'fit', error_type: 'ValueError', ...always },
  ]);
});

test('audit-log moves a full file aside, and mixes no lines', async () => {
  const folder = temporaryFolder();
  const t = await testPlugin(plugin, { config: { file: join(folder, 'new/log'), maxBytes: 1024 } });
  const outcome = { status: 'continued' } as const;
  const oneLine = `{"event":"command_success","command":"train","session_id":null,"timestamp":"2026-01-01T00:00:00.000Z"}\n`.length;
  const perFile = Math.floor(1024 / oneLine);

  await Promise.all(Array.from({ length: perFile + 1 }, () => t.call('coma.post_run_hook', RUN, { outcome })));

  expect(records(folder, 'log.1')).toHaveLength(perFile);
  expect(records(folder, 'log')).toHaveLength(1);
});

test('audit-log writes into the log, and says so, where it has no data folder', async () => {
  vi.stubEnv('OUTRIGGER_DATA', undefined);
  onTestFinished(() => void vi.unstubAllEnvs());
  const t = await testPlugin(plugin, { config: { file: 'audit.jsonl', maxBytes: 1024 } });

  await t.call('coma.post_run_hook', RUN, { outcome: { status: 'continued' } });

  expect(t.logs).toMatchObject([
    { level: 'warn', message: expect.stringContaining('give "file" as an absolute path') },
    { level: 'info', message: 'audit', fields: { event: 'command_success', command: 'train', session_id: null } },
  ]);
});
