import type { Trace } from '@outrigger/schemas';
import { afterEach, beforeEach, expect } from 'vitest';
import { placeSample, SAMPLES, SANDBOX, testWithRuntimes } from '../samples/samples.ts';
import { CliPlace } from './cli-place.ts';

const TITLE = 'one event goes through confined plugins in eight languages, and its trace shows what each of them changed';
const NAMES = Object.keys(SAMPLES);
/** What some of their manifests ask for, granted by the operator. */
const GRANTS: Readonly<Record<string, object>> = {
  'bash-jq': { run: ['jq'] },
};

let place: CliPlace;

beforeEach(() => {
  place = new CliPlace();
});

afterEach(() => place.remove());

testWithRuntimes(Object.values(SAMPLES), SANDBOX)(TITLE, { timeout: 60_000 }, async () => {
  const entries = NAMES.map(async (name) => [name, { path: await placeSample(name), grant: GRANTS[name] ?? {} }] as const);
  place.config({ plugins: Object.fromEntries(await Promise.all(entries)) });

  const { code, stdout, stderr } = await place.run(['run', '--', 'env']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const env = Object.fromEntries(stdout.split('\n').map((line) => line.split('=') as [string, string]));
  for (const { variable, value } of Object.values(SAMPLES)) expect(env[variable]).toMatch(value);

  const listed = JSON.parse((await place.run(['plugins', 'list', '--json'])).stdout) as { plugins: { trust: string }[] };
  expect(listed.plugins.map(({ trust }) => trust)).toEqual(NAMES.map(() => 'none'));

  const trace = JSON.parse((await place.run(['trace', 'last', '--hook', 'conda.pre_command', '--json'])).stdout) as Trace;
  const changes = trace.answers.map(({ plugin, status, changes }) => ({ plugin, status, changes }));
  expect(changes).toEqual(
    NAMES.map((plugin) => {
      const { variable, value } = SAMPLES[plugin] ?? { variable: '', value: /^$/ };
      return { plugin, status: 'modified', changes: [{ pointer: `/env/${variable}`, op: 'add', to: expect.stringMatching(value) }] };
    }),
  );
});
