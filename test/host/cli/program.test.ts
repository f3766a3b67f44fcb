import { expect, test } from 'vitest';
import type { CliContext } from '../../../host/cli/context.ts';
import type { GlobalOptions } from '../../../host/cli/global-options.ts';
import { makeProgram } from '../../../host/cli/program.ts';

/** The options a command line gives, seen by a command that does nothing but print a script. */
async function optionsOf(...args: string[]): Promise<GlobalOptions | undefined> {
  let seen: GlobalOptions | undefined;
  const makeContext = (options: GlobalOptions): CliContext => {
    seen = options;
    return { options, answer: () => undefined } as unknown as CliContext;
  };
  await makeProgram({ version: '1', makeContext, onDone: () => undefined }).parseAsync(args, { from: 'user' });
  return seen;
}

test.each([
  [['--json', '--without', 'a', 'completions', 'bash']],
  [['completions', '--json', '--without', 'a', 'bash']],
  [['completions', 'bash', '--without', 'a', '--json']],
])('makeProgram() takes the options of every command before its name or after it: %j', async (args) => {
  expect(await optionsOf(...args)).toMatchObject({ json: true, without: ['a'], noPlugins: false });
});

test('makeProgram() adds up what may be repeated, and lets the nearest of the others win', async () => {
  const args = ['--without', 'a', '--config', 'x', 'completions', '--without', 'b', '--config', 'y', '--without', 'c', 'bash'];
  const options = await optionsOf(...args);
  expect(options?.config).toBe('y');
  expect([...(options?.without ?? [])].sort()).toEqual(['a', 'b', 'c']);
});

test('makeProgram() hears --no-plugins at any level', async () => {
  expect(await optionsOf('--no-plugins', 'completions', 'bash')).toMatchObject({ noPlugins: true });
  expect(await optionsOf('completions', 'bash', '--no-plugins')).toMatchObject({ noPlugins: true });
});

test('makeProgram() has nothing set when nothing is said', async () => {
  expect(await optionsOf('completions', 'fish')).toEqual({
    config: undefined,
    json: false,
    noPlugins: false,
    without: [],
    frozen: false,
    inspectPlugin: undefined,
    verbose: false,
    quiet: false,
  });
});
