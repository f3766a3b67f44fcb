import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { waitUntil } from '../support/wait-until.ts';
import { DaemonPlaceUnderTest } from './daemon-process.ts';

const EVENT = { hook: 'conda.pre_command', payload: { command: 'ls', args: [] } };
const HOOKS = { 'conda.pre_command': {} };
let place: DaemonPlaceUnderTest;

beforeEach(() => {
  place = new DaemonPlaceUnderTest();
});

afterEach(() => place.clear(), 30_000);

/** An answer that leaves a mark in the trace. */
function marked(mark: string): string {
  return `() => ({ metadata: { mark: '${mark}' } })`;
}

interface Fired {
  readonly trace?: {
    readonly answers: readonly { readonly plugin: string; readonly mode: string; readonly metadata?: { readonly mark: string } }[];
  };
}

type Client = Awaited<ReturnType<DaemonPlaceUnderTest['client']>>;

async function marks(client: Client): Promise<(string | undefined)[]> {
  const { result } = await client.ask('emit', { ...EVENT, trace: true });
  return ((result as Fired).trace?.answers ?? []).map(({ metadata }) => metadata?.mark);
}

async function statusOf(): Promise<Record<string, unknown>> {
  return JSON.parse((await place.run(['status', '--json'])).stdout) as Record<string, unknown>;
}

test('a daemon notices changed code, and what clients hear when the config changes', async () => {
  place.plugin('quick', HOOKS, marked('one'));
  const { log } = await place.up();
  const client = await place.client();
  expect(await marks(client)).toEqual(['one']);

  place.plugin('quick', HOOKS, marked('two'));
  await waitUntil(async () => (await marks(client))[0] === 'two', 'the new code to answer', 20_000);
  writeFileSync(place.path('outrigger.json'), '{"plugins": {}}');
  const heard = (): unknown[] => client.said.filter((said) => (said as { method?: string }).method === 'heard/changed');
  await waitUntil(() => heard().length === 1, 'the word that nobody listens', 20_000);
  expect(heard()).toMatchObject([{ params: { heard: [] } }]);
  place.config({});
  await waitUntil(() => heard().length === 2, 'the word that somebody listens', 20_000);
  expect(heard()[1]).toMatchObject({ params: { heard: ['conda.pre_command'] } });
  expect(await marks(client)).toEqual(['two']);
  expect(log.text).toContain('"configuration applied"');
}, 120_000);

test('a plugin folder that is gone: the plugin keeps running, status says so, and it is well again when the folder is back', async () => {
  place.plugin('quick', HOOKS, marked('one'));
  await place.up();
  const client = await place.client();
  await marks(client);

  renameSync(place.path('plugins'), place.path('elsewhere'));
  const problems = async (): Promise<string> => ((await statusOf())['problems'] as string[]).join();
  await waitUntil(async () => (await problems()).includes('Cannot use plugin "quick"'), 'the refusal in status', 20_000);
  expect((await place.run(['status'])).stdout).toContain('the version that was loaded keeps running');
  const again = await place.run(['reload']);
  expect(again.code).toBe(1);
  expect(again.stdout).toMatch(/^The configuration is in force, but not for every plugin\nCannot use plugin "quick"/);
  expect(await marks(client)).toEqual(['one']);
  renameSync(place.path('elsewhere'), place.path('plugins'));
  await waitUntil(async () => (await problems()) === '', 'the folder to be noticed', 20_000);
  expect(await marks(client)).toEqual(['one']);
}, 120_000);

test('a config file that is gone: everything stays in force, status says so, and it is watched for when it is back', async () => {
  place.plugin('quick', HOOKS, marked('one'));
  const { log } = await place.up();
  const client = await place.client();
  renameSync(place.path('outrigger.json'), place.path('away.json'));
  await waitUntil(() => log.text.includes('"configuration not applied"'), 'the refusal', 20_000);
  expect(log.text).toMatch(/Cannot use the configuration: \\".*outrigger\.json\\" is gone, so what it said stays in force/);
  expect(await marks(client)).toEqual(['one']);

  place.config({ limits: { emitDepth: 4 } });
  await waitUntil(() => log.text.includes('"configuration applied"'), 'the config that is back', 20_000);
  expect(await marks(client)).toEqual(['one']);
}, 120_000);

test('outrigger plugins set, config set, disable, enable, remove and add are in force in the daemon when they return', async () => {
  place.plugin('first', HOOKS, marked('first'));
  place.plugin('second', HOOKS, marked('second'));
  await place.up();
  const client = await place.client();
  const plugins = async (...args: string[]): Promise<string> => (await place.run(['plugins', ...args])).stdout;
  expect(await marks(client)).toEqual(['first', 'second']);

  expect(await plugins('set', 'second', '--priority', '10')).toBe('set second in outrigger.json; in force in the daemon that runs\n');
  expect(await marks(client)).toEqual(['second', 'first']);
  await plugins('set', 'second', '--mode', 'disabled', '--hook', 'conda.pre_command');
  expect(await marks(client)).toEqual(['first']);
  expect(JSON.parse(await plugins('disable', 'first', '--json'))).toMatchObject({ change: 'disabled', daemon: { applied: true } });
  expect(await marks(client)).toEqual([]);
  await plugins('enable', 'first');
  await plugins('remove', 'second');
  expect(await marks(client)).toEqual(['first']);
  await plugins('add', './plugins/second', '--trust');
  expect(await marks(client)).toEqual(['first', 'second']);
  await plugins('config', 'set', 'first', 'depth', '3');
  expect(JSON.parse(readFileSync(place.path('outrigger.json'), 'utf8'))).toMatchObject({ plugins: { first: { config: { depth: 3 } } } });
  writeFileSync(place.path('plugins', 'first', 'plugin.json'), '{"name": 7}');
  expect(await plugins('set', 'second', '--priority', '3')).toBe('set second in outrigger.json; in force in the daemon that runs\n');
  expect(await marks(client)).toEqual(['second', 'first']);
  const refused = await place.run(['plugins', 'set', 'first', '--priority', '1']);
  expect(refused.code).toBe(1);
  expect(refused.stdout).toContain('the daemon that runs goes on without it: Cannot use plugin "first"');
  expect(await marks(client)).toEqual(['second', 'first']);
}, 120_000);

test('outrigger plugins reload and restart give a plugin a new process; both return 4 when no daemon runs', async () => {
  place.plugin('quick', HOOKS, marked('one'));
  expect((await place.run(['plugins', 'reload', 'quick'])).code).toBe(4);
  expect((await place.run(['plugins', 'restart', 'quick'])).code).toBe(4);
  await place.up();
  const client = await place.client();
  await marks(client);
  const pidOf = async (): Promise<unknown> => ((await statusOf())['plugins'] as { pid?: number }[])[0]?.pid;
  const first = await pidOf();

  expect(await place.run(['plugins', 'reload', 'quick'])).toMatchObject({ code: 0, stdout: 'reloaded quick\n' });
  for (let calls = 0; calls < 3; calls++) expect(await marks(client)).toEqual(['one']);
  const second = await pidOf();
  expect(second).not.toBe(first);
  expect(await place.run(['plugins', 'restart', 'quick'])).toMatchObject({ code: 0, stdout: 'restarted quick\n' });
  expect(await pidOf()).not.toBe(second);
  const unknown = await place.run(['plugins', 'reload', 'nobody']);
  expect([unknown.code, unknown.stdout]).toEqual([1, 'Cannot reload plugin "nobody": no plugin has this name\n']);
}, 120_000);
