import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { commandTarget } from '../../host/conformance/make-target.ts';
import type { Target } from '../../host/conformance/types.ts';
import { FAULTS } from './faults.ts';
import { attack } from './hostile-host.ts';

const SINNER = fileURLToPath(new URL('sinner.mjs', import.meta.url));
const pick = (...wanted: string[]): typeof FAULTS => FAULTS.filter(({ what }) => wanted.includes(what));

function sinner(sin: string): Promise<Target> {
  return commandTarget(['node', SINNER, sin], { cwd: process.cwd(), env: process.env, cacheDir: '/nonexistent', hooks: ['probe.call'] });
}

test('attack() says what a plugin did not survive', async () => {
  const faults = pick('NUL bytes', 'half an object', 'a request of tomorrow');

  const failures = await attack(await sinner('dies-of-nonsense'), faults);

  expect(failures).toEqual([
    expect.stringMatching(/^NUL bytes: no answer to "ping" afterwards .*: the process ended with code 1$/),
    expect.stringMatching(/^half an object: /),
  ]);
});

test('attack() notices a process that outlives its host', async () => {
  const failures = await attack(await sinner('outlives-stdin'), pick('the end of stdin at once'));

  expect(failures).toEqual(['the end of stdin at once: the process did not end within 2000 ms']);
});

test('attack() has faults of different names', () => {
  expect(new Set(FAULTS.map(({ what }) => what)).size).toBe(FAULTS.length);
});
