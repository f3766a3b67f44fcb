import type { PluginEntry } from '@outrigger/schemas';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SANDBOX } from '../../test/samples/samples.ts';
import { run as runProgram, testWithPython, vendored } from '../../test/sdk/python/python.ts';
import { readManifest } from '../../test/sdk/typescript/plugin-process.ts';
import { type AppHost, Hosts } from '../../test/support/hosts.ts';
import { testWithAll } from '../../test/support/needs.ts';

const testConfined = testWithAll({ python3: 'python3', [SANDBOX[0]]: SANDBOX[1] });
const SPACE = { RATE: { low: 0.001, high: 1, log: true }, LAYERS: { low: 1, high: 4, integer: true }, KIND: { choices: ['a', 'b'] } };

let hosts = new Hosts();
beforeEach(() => {
  hosts = new Hosts();
});
afterEach(() => hosts.close());

const open = (config: object, path = vendored(import.meta.dirname)): Promise<AppHost> => {
  const entry: PluginEntry = { path, trust: 'none', grant: { services: ['storage'] }, config: { ...config } };
  return hosts.open({}, { config: { catalogs: ['pycomex'], plugins: { 'hyper-parameter-search': entry } } });
};

type Parameters = Record<string, number | string>;

/** One run: what it was given, after it told its score. */
async function run(host: AppHost, score: (given: Parameters) => number | undefined): Promise<Parameters> {
  const operation = host.operation();
  const own = { EPOCHS: 10, RATE: -1 };
  const { payload, status } = await operation.emit('pycomex.before_experiment_initialize', {
    experiment: { name: 'train', parameters: own },
  });
  expect(status).toBe('continued');
  const parameters = payload.experiment.parameters as Parameters;
  const value = score(parameters);
  const error = value === undefined ? { type: 'ValueError', message: 'x' } : null;
  const tracked = { loss: [99, value ?? 98] };
  await operation.emit('pycomex.after_experiment_finalize', { experiment: { name: 'train', error }, tracked });
  operation.end();
  return parameters;
}

async function runs(host: AppHost, count: number, score: (given: Parameters) => number | undefined = () => 1): Promise<Parameters[]> {
  const all: Parameters[] = [];
  for (let i = 0; i < count; i++) all.push(await run(host, score));
  return all;
}

const command = async (host: AppHost, options: object): Promise<unknown> =>
  (await host.emit('pycomex.run_command', { name: 'search', options: { ...options } })).value;

test('hyper-parameter-search has a valid manifest', () => {
  expect(readManifest(import.meta.dirname).problems).toEqual([]);
});

testWithPython('hyper-parameter-search passes its own test', async () => {
  expect(await runProgram('python3', ['-m', 'unittest'], import.meta.dirname)).toMatch(/^Ran 6 tests.*^OK$/ms);
});

testConfined('hyper-parameter-search gives every trial values out of the space, and leaves other parameters alone', async () => {
  const all = await runs(await open({ space: SPACE }), 30);

  for (const { RATE, LAYERS, KIND, EPOCHS } of all) {
    expect(RATE).toBeGreaterThanOrEqual(0.001);
    expect(RATE).toBeLessThanOrEqual(1);
    expect([1, 2, 3, 4]).toContain(LAYERS);
    expect(['a', 'b']).toContain(KIND);
    expect(EPOCHS).toBe(10);
  }
  expect(all.filter(({ RATE }) => Number(RATE) < 0.03).length).toBeGreaterThan(5);
  expect(new Set(all.map(({ LAYERS }) => LAYERS)).size).toBe(4);
});

testConfined('hyper-parameter-search goes on with the same search after the host was restarted', async () => {
  const path = vendored(import.meta.dirname);
  const first = await open({ space: SPACE, seed: 7 }, path);
  const whole = await runs(first, 4);
  await first.emit('pycomex.run_command', { name: 'search', options: { study: 'train', delete: true } });
  await runs(first, 2);
  await first.close();

  const rest = await runs(await open({ space: SPACE, seed: 7 }, path), 2);

  expect(rest).toEqual(whole.slice(2));
});

testConfined('hyper-parameter-search tries each point of a grid once, then lets runs keep their parameters', async () => {
  const space = { LAYERS: { low: 1, high: 3, integer: true }, RATE: { low: 0.1, high: 0.3, step: 0.1 } };
  const all = await runs(await open({ space, method: 'grid' }), 10);

  const points = all.slice(0, 9).map(({ LAYERS, RATE }) => `${LAYERS} ${RATE}`);
  expect(points.sort()).toEqual([1, 2, 3].flatMap((layers) => [0.1, 0.2, 0.3].map((rate) => `${layers} ${rate}`)));
  expect(all[9]).toEqual({ EPOCHS: 10, RATE: -1 });
});

testConfined('hyper-parameter-search averages repetitions, and reports the best first and failures last', async () => {
  const host = await open({ space: { RATE: { choices: [1, 2, 3] } }, method: 'grid', repetitions: 2 });
  const scores = [5, 7, 1, 2, undefined, undefined];
  const all = await runs(host, 6, () => scores.shift());

  expect(all.map(({ RATE }) => RATE)).toEqual([1, 1, 2, 2, 3, 3]);
  expect(await command(host, { study: 'train' })).toEqual({
    exit_code: 0,
    stdout: [
      '6 trials, loss to minimize',
      "1.5          2x {'RATE': 2}",
      "6            2x {'RATE': 1}",
      "no score     2x {'RATE': 3}",
      '',
    ].join('\n'),
  });
});

testConfined('hyper-parameter-search adds its command, lists studies, deletes one, and says which is missing', async () => {
  const host = await open({ space: SPACE });
  await runs(host, 1);

  const { payload } = await host.emit('pycomex.cli_register_commands', { built_in: ['run'], commands: {} });
  expect(payload.commands).toHaveProperty('search');
  expect(await command(host, {})).toEqual({ exit_code: 0, stdout: 'train\n' });
  expect(await command(host, { study: 'other' })).toEqual({ exit_code: 1, stdout: 'Cannot show "other": no study has this name\n' });
  expect(await command(host, { study: 'train', delete: true })).toEqual({ exit_code: 0, stdout: 'deleted "train"\n' });
  expect(await command(host, {})).toEqual({ exit_code: 0, stdout: 'no studies yet\n' });
});

testConfined('hyper-parameter-search stops a run rather than let it go on when the space is none', async () => {
  const host = await open({ space: { RATE: { low: 2, high: 1 } } });

  const outcome = await host.emit('pycomex.before_experiment_initialize', { experiment: { name: 'train', parameters: {} } });

  expect(outcome).toMatchObject({ status: 'blocked', cause: 'failure' });
});

testConfined(
  'hyper-parameter-search finds better values with the real Optuna than at random, in the sandbox',
  { timeout: 400_000 },
  async () => {
    const path = vendored(import.meta.dirname, 'optuna');
    const space = { RATE: { low: -10, high: 10 }, LAYERS: { low: 1, high: 9, integer: true }, KIND: { choices: ['a', 'b'] } };
    const host = await open({ space, method: 'optuna', seed: 3 }, path);
    const loss = ({ RATE, LAYERS }: Parameters): number => (Number(RATE) - 3) ** 2 + (Number(LAYERS) - 4) ** 2;

    const losses = (await runs(host, 30, loss)).map(loss);

    const mean = (values: number[]): number => values.reduce((a, b) => a + b) / values.length;
    expect(mean(losses.slice(20))).toBeLessThan(mean(losses.slice(0, 10)) / 2);
  },
);
