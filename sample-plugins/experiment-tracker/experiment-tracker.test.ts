import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SANDBOX } from '../../test/samples/samples.ts';
import { vendored } from '../../test/sdk/python/python.ts';
import { readManifest } from '../../test/sdk/typescript/plugin-process.ts';
import { folderWith } from '../../test/support/confined.ts';
import { type AppHost, Hosts } from '../../test/support/hosts.ts';
import { testWithAll } from '../../test/support/needs.ts';
import { waitUntil } from '../../test/support/wait-until.ts';

const testConfined = testWithAll({ python3: 'python3', [SANDBOX[0]]: SANDBOX[1] });
const ALL = { fs: { write: [`\${data}`], read: [`\${workspace}/results`] }, run: ['python3', 'wandb-core'], ipc: true } as const;
const NEEDED = { fs: { write: [`\${data}`] } } as const;

let hosts = new Hosts();
beforeEach(() => {
  hosts = new Hosts();
});
afterEach(() => hosts.close());

interface Place {
  readonly host: AppHost;
  readonly logged: string[];
  readonly cwd: string;
}

async function open(path: string, grant: object): Promise<Place> {
  const cwd = folderWith({ 'results/train/debug/loss.png': 'a picture' });
  const logged: string[] = [];
  const keep = (message: string): void => void logged.push(message);
  const log = { debug: () => undefined, info: keep, warn: keep, error: keep };
  const entry = { path, trust: 'none', grant } as const;
  const host = await hosts.open({}, { cwd, log, config: { catalogs: ['pycomex'], plugins: { 'experiment-tracker': entry } } });
  return { host, logged, cwd };
}

/** Where the run is kept; the host may add to the plugin's name. */
async function runFolder(): Promise<string> {
  const data = join(await hosts.home, '.local/share/outrigger/data');
  const [own = 'experiment-tracker'] = existsSync(data) ? readdirSync(data) : [];
  return join(data, own, 'runs/train/op-1');
}

const jsonOf = (file: string): Record<string, unknown> => JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;

/** A whole run: 100 tracked numbers, a figure, a JSON file and a text. */
async function run({ host, cwd }: Place, more: object = {}): Promise<void> {
  const path = join(cwd, 'results/train/debug');
  const experiment = { name: 'train', namespace: 'results/train', path, parameters: { EPOCHS: 3, WANDB_PROJECT: 'my-project' } };
  const figure = { path: join(path, 'loss.png'), media_type: 'image/png' };
  const operation = host.operation('op-1');
  await operation.emit('pycomex.after_experiment_initialize', { experiment });
  for (let i = 0; i < 100; i++) await operation.emit('pycomex.experiment_track', { experiment, name: 'loss', value: i });
  await operation.emit('pycomex.experiment_commit_fig', { experiment, name: 'loss.png', figure });
  await operation.emit('pycomex.experiment_commit_json', { experiment, name: '../scores.json', data: { f1: 1 }, content: '{"f1": 1}' });
  await operation.emit('pycomex.experiment_commit_raw', { experiment, name: 'notes.txt', content: 'ü' });
  const { status } = await operation.emit('pycomex.after_experiment_finalize', {
    experiment: { ...experiment, duration_s: 2, error: null, ...more },
  });
  expect(status).toBe('continued');
  const isOver = (file: string): boolean => existsSync(file) && jsonOf(file)['state'] !== 'running';
  await waitUntil(async () => isOver(join(await runFolder(), 'run.json')), 'the end of the run', 20_000);
}

test('experiment-tracker has a valid manifest', () => {
  expect(readManifest(import.meta.dirname).problems).toEqual([]);
});

testConfined('experiment-tracker keeps all of a run, in order, with nothing but its data folder', async () => {
  await run(await open(vendored(import.meta.dirname), NEEDED));
  const folder = await runFolder();

  const history = readFileSync(join(folder, 'history.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { value: unknown });
  expect(history.slice(0, 100).map(({ value }) => value)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  expect(history[100]).toMatchObject({
    name: 'loss.png',
    value: { figure: expect.stringContaining('loss.png'), problem: expect.any(String) },
  });
  expect(readdirSync(join(folder, 'files')).sort()).toEqual(['notes.txt', 'scores.json']);
  expect(jsonOf(join(folder, 'run.json'))).toMatchObject({
    name: 'train',
    parameters: { EPOCHS: 3 },
    state: 'finished',
    duration_s: 2,
    error: null,
  });
});

testConfined('experiment-tracker copies figures when it may read the archive, and tells how a run failed', async () => {
  const error = { type: 'ValueError', message: 'too much' };
  await run(await open(vendored(import.meta.dirname), { ...NEEDED, fs: ALL.fs }), { error });
  const folder = await runFolder();

  expect(readFileSync(join(folder, 'files/loss.png'), 'utf8')).toBe('a picture');
  expect(jsonOf(join(folder, 'run.json'))).toMatchObject({ state: 'failed', error });
});

/** A client that ends as it is told to by a file beside it. */
const CLIENT = `
import os, sys
from pathlib import Path
if (Path(__file__).parent / "broken").exists():
    sys.exit("the client is broken")
folder = Path(sys.argv[1]) / "wandb" / "offline-run-1"
folder.mkdir(parents=True)
(folder / "run-1.wandb").touch()
os._exit(0)
`;

testConfined('experiment-tracker tries a run again at its next start when the client failed three times', async () => {
  const path = vendored(import.meta.dirname);
  writeFileSync(join(path, 'wandb.py'), CLIENT);
  writeFileSync(join(path, 'broken'), '');
  const first = await open(path, ALL);
  await run(first);
  await waitUntil(() => first.logged.some((line) => line.includes('the client is broken; it is tried again')), 'the third failure', 20_000);
  expect(existsSync(join(await runFolder(), 'mirrored'))).toBe(false);
  await first.host.close();

  rmSync(join(path, 'broken'));
  const second = await open(path, ALL);
  await second.host.emit('pycomex.experiment_track', { experiment: { name: 'other' }, name: 'x', value: 1 });

  await waitUntil(async () => existsSync(join(await runFolder(), 'mirrored')), 'the mirrored run', 20_000);
});

testConfined('experiment-tracker keeps the run and says what is missing when it may start no process', async () => {
  const path = vendored(import.meta.dirname);
  writeFileSync(join(path, 'wandb.py'), CLIENT);
  const place = await open(path, NEEDED);
  await run(place);

  await waitUntil(() => place.logged.some((line) => line.includes('W&B needs the permission run')), 'the line in the log', 20_000);
});

testConfined(
  'experiment-tracker mirrors a run with the real client of Weights & Biases, offline, in the sandbox',
  { timeout: 400_000 },
  async () => {
    const path = vendored(import.meta.dirname, 'wandb');
    const place = await open(path, ALL);
    await run(place);
    const folder = await runFolder();

    await waitUntil(() => existsSync(join(folder, 'mirrored')), `the mirrored run; ${place.logged.join('; ')}`, 120_000);
    const [name = ''] = readdirSync(join(folder, 'wandb')).filter((entry) => entry.startsWith('offline-run-'));
    const record = readFileSync(join(folder, 'wandb', name, 'run-op-1.wandb'), 'latin1');
    for (const part of ['my-project', 'train/debug', 'EPOCHS', 'loss', 'scores.json']) expect(record).toContain(part);
    expect(readFileSync(join(folder, 'wandb', name, 'files/notes.txt'), 'utf8')).toBe('ü');
  },
);
