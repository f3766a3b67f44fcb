import type { HookMap } from '@outrigger/schemas';
import { expect, test } from 'vitest';
import { type OpenSample, openSample } from '../../test/samples/sample-host.ts';
import { waitUntil } from '../../test/support/wait-until.ts';

const INVOCATION: HookMap['coma.run_hook']['payload'] = {
  name: 'evaluate',
  command: { kind: 'class', target: 'Evaluate' },
  known_args: {},
  unknown_args: [],
  configs: {},
};

async function open(config: object = {}) {
  const entry = { config: { commands: ['evaluate'], ...config } };
  const { host } = await openSample(import.meta.dirname, { entry, catalogs: ['coma'] });
  return (result: unknown, more: object = {}) => run(host, result, more);
}

/** What an application does: the value of the outcome, or else its own result. */
async function run(host: OpenSample['host'], result: unknown, more: object): Promise<unknown> {
  using operation = host.operation();
  const before = await operation.emit('coma.run_hook', { ...INVOCATION, ...more });
  expect(before.failOpens).toEqual([]);
  if (before.status === 'replaced') return (before.value as { result: unknown }).result;
  const after = await operation.emit('coma.post_run_hook', { ...INVOCATION, ...more, result });
  expect(after).toMatchObject({ status: 'continued', failOpens: [] });
  return result;
}

test('result-cache answers with the earlier result of the same call', async () => {
  const evaluate = await open();

  expect(await evaluate({ score: 1 }, { configs: { a: { x: 1, y: [2] }, b: {} } })).toEqual({ score: 1 });
  expect(await evaluate({ score: 2 }, { configs: { b: {}, a: { y: [2], x: 1 } } })).toEqual({ score: 1 });
  expect(await evaluate({ score: 3 }, { configs: { a: { x: 1, y: [2] }, b: {} }, unknown_args: ['-v'] })).toEqual({ score: 3 });
  expect(await evaluate({ score: 4 }, { configs: { a: { x: 1, y: [3] }, b: {} } })).toEqual({ score: 4 });
  expect(await evaluate(5, { configs: { a: { x: [['y', 1]] } } })).toBe(5);
  expect(await evaluate(6, { configs: { a: { x: { y: 1 } } } })).toBe(6);
  expect(await evaluate(7, { configs: { a: { x: 'z'.repeat(100_000) } } })).toBe(7);
  expect(await evaluate(8, { configs: { a: { x: 'z'.repeat(100_000) } } })).toBe(7);
  expect(await evaluate(null, { name: 'train' })).toBe(null);
  expect(await evaluate(5, { name: 'train' })).toBe(5);
});

test('result-cache tells null from nothing, and keeps no run that was not finished', async () => {
  const { host } = await openSample(import.meta.dirname, { entry: { config: { commands: ['evaluate'] } }, catalogs: ['coma'] });

  expect(await host.emit('coma.run_hook', INVOCATION)).toMatchObject({ status: 'continued', failOpens: [] });
  expect(await run(host, null, {})).toBe(null);
  expect(await run(host, 1, {})).toBe(null);
});

test('result-cache spares the application the run itself', async () => {
  const { host } = await openSample(import.meta.dirname, { entry: { config: { commands: ['evaluate'] } }, catalogs: ['coma'] });
  let runs = 0;
  host.default('coma.run_hook', () => void runs++);

  expect([await run(host, 1, {}), await run(host, 2, {})]).toEqual([1, 1]);
  expect(runs).toBe(1);
});

test('result-cache keeps no more results than it may, and those that are used', async () => {
  const evaluate = await open({ maxEntries: 2 });
  const of = (seed: number, result: number) => evaluate(result, { configs: { c: { seed } } });

  await of(1, 10);
  await of(2, 20);
  expect(await of(1, 0)).toBe(10);
  await of(3, 30);

  expect(await of(1, 0)).toBe(10);
  expect(await of(3, 0)).toBe(30);
  expect(await of(2, 21)).toBe(21);
});

test('result-cache forgets a result that is too old', async () => {
  const evaluate = await open({ ttlSeconds: 2 });
  expect([await evaluate(1), await evaluate(2)]).toEqual([1, 1]);

  await waitUntil(async () => (await evaluate(3)) === 3, 'a new result');
});

test('result-cache compares the fields that the operator names', async () => {
  const evaluate = await open({ keyFields: ['name', 'configs.train.seed'] });

  expect(await evaluate(1, { configs: { train: { seed: 1, log: 'a' } } })).toBe(1);
  expect(await evaluate(2, { configs: { train: { seed: 1, log: 'b' } } })).toBe(1);
  expect(await evaluate(3, { configs: { train: { seed: 2 } } })).toBe(3);
});
