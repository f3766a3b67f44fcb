import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { MEASURES } from './bench/measures/index.ts';
import { published, shown } from './bench/save.ts';
import { rowOf, spread } from './bench/stats.ts';
import { goals } from './bench/table.ts';
import type { Measure, Results } from './bench/types.ts';
import { testWithAll } from './support/needs.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const RATIO: Measure = {
  ...{ id: 'any', title: 'Any', unit: 'µs', placements: ['all cores'] },
  goals: [{ subject: 'ours', against: 'theirs', atMost: 1 }],
  open: () => Promise.reject(new Error('not run')),
};

test('spread() takes the middle, and the mean of two', () => {
  expect(spread([5, 1, 3])).toEqual({ median: 3, min: 1, max: 5 });
  expect(spread([4, 1, 3, 2]).median).toBe(2.5);
});

test('rowOf() takes each ratio inside its round', () => {
  // Every round is twice as slow, whatever the machine did meanwhile; the ratio of the medians would say 20.
  const row = rowOf(RATIO, 'all cores', [
    { ours: [2, 200], theirs: [1, 100] },
    { ours: [20], theirs: [10] },
  ]);

  expect(row.compared).toMatchObject([{ median: 2, min: 2, max: 2, atMost: 1 }]);
  expect(row.pairs).toBe(3);
});

test('rowOf() leaves out what was not there', () => {
  expect(rowOf(RATIO, 'all cores', [{ ours: [2] }]).compared).toEqual([]);
});

test('goals() says which are missed', () => {
  const row = rowOf(RATIO, 'all cores', [{ ours: [2, 0.5, 2], theirs: [1, 1, 1] }]);
  const results = { date: '', machine: '', versions: {}, launches: 1, missing: {}, rows: [row] };

  expect(goals(results)).toContain('| Any (ours) | theirs | ≤ 1 × | 2 × | 0.5 × – 2 × | missed |');
});

test('what is published is made of results.json', () => {
  for (const [file, text] of shown(published())) expect(readFileSync(file, 'utf8')).toBe(text);
});

// One run of every row with hardly any calls: it shows that all of them still work, and says nothing about time.
describe('the benchmark', () => {
  let results: Results;

  beforeAll(async () => {
    const args = ['--conditions=@outrigger/source', 'test/bench/main.ts', '--tiny', '--json'];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, maxBuffer: 16 * 1024 * 1024 });
    results = JSON.parse(stdout) as Results;
  }, 600_000);

  test('runs every row that is not left out when time is short', () => {
    expect(results.rows.map(({ id }) => id)).toEqual(MEASURES.filter(({ isLong }) => isLong !== true).map(({ id }) => id));
    for (const { values } of results.rows) for (const { median } of Object.values(values)) expect(median).toBeGreaterThan(0);
  });

  test('compares with what needs no other language', () => {
    const small = results.rows.find(({ id }) => id === 'call-200B');

    for (const name of ['outrigger', 'raw echo', 'vscode-jsonrpc', 'MCP SDK', 'jayson', 'grpc-js', 'node fork', 'worker_threads']) {
      expect(small?.values, name).toHaveProperty([name]);
    }
  });

  testWithAll({ python3: 'python3', go: 'golang-go', cargo: 'cargo', bwrap: 'bubblewrap' })('misses nothing where all programs are', () => {
    const small = results.rows.find(({ id }) => id === 'call-200B');

    expect(results.missing).toEqual({});
    for (const name of ['pluggy', 'go-plugin gRPC', 'go-plugin net/rpc']) expect(small?.values, name).toHaveProperty([name]);
    for (const name of ['Python', 'Go', 'Rust']) expect(small?.values, name).toHaveProperty([`outrigger, ${name} plugin`]);
  });
});
