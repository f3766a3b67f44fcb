import { expect, test } from 'vitest';
import { serveLater } from '../../../host/daemon/serve-later.ts';

const { signal } = new AbortController();

test('serveLater() loads at the first request, once, and keeps the order of requests', async () => {
  const seen: unknown[] = [];
  let loads = 0;
  const serve = serveLater(async () => {
    loads += 1;
    return async (plugin, method, params) => seen.push([plugin, method, params]);
  });
  expect(loads).toBe(0);

  await Promise.all([serve('p', 'storage/get', 1, signal), serve('q', 'storage/set', 2, signal)]);
  await serve('p', 'storage/get', 3, signal);

  expect(loads).toBe(1);
  expect(seen).toEqual([
    ['p', 'storage/get', 1],
    ['q', 'storage/set', 2],
    ['p', 'storage/get', 3],
  ]);
});

test('serveLater() fails what came while it could not load, and tries again for the next', async () => {
  let loads = 0;
  const serve = serveLater(async () => {
    loads += 1;
    if (loads === 1) throw new Error('not there');
    return async () => 'served';
  });

  await expect(serve('p', 'm', {}, signal)).rejects.toThrow('not there');
  await expect(serve('p', 'm', {}, signal)).resolves.toBe('served');
});
