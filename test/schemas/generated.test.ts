import { expect, test } from 'vitest';
import { differences, generate } from '../../schemas/generate.ts';

test('generate() makes what is committed, and nothing else is in generated/', async () => {
  expect(await differences(), 'run "npm run generate"').toEqual([]);
});

test('generate() makes the same text every time', async () => {
  expect(await generate()).toEqual(await generate());
});
