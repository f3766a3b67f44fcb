import { testPlugin } from '@outrigger/sdk/testing';
import { expect, test } from 'vitest';
import { readManifest, startPlugin } from '../../test/sdk/typescript/plugin-process.ts';
import { plugin } from './plugin.ts';

const failure = {
  command: 'npm',
  args: ['start'],
  cwd: '/projects',
  error: 'CommandFailed',
  errorClasses: ['CommandFailed'],
  message: 'npm failed',
  exitCode: 1,
  durationMs: 1234,
  stderr: ['starting', 'Error: listen EADDRINUSE: address already in use :::3000'],
};

test.each([
  [{ exitCode: 127 }, 'exit 127', 'on the PATH'],
  [{ exitCode: 1, stderr: failure.stderr }, 'exit 1', 'ss -ltnp'],
  [{ signal: 'SIGKILL' }, 'ended by SIGKILL', 'run out of memory'],
  [{ message: 'Cannot start "nmp": ENOENT' }, 'Cannot start "nmp": ENOENT', 'spelled right'],
])('rich-exception says how %j ended and what may help', async (facts, ended, hint) => {
  const t = await testPlugin(plugin);
  const { exitCode: _, stderr: __, ...rest } = failure;

  const answer = await t.call('conda.on_exception', { ...rest, ...facts });

  expect(answer?.metadata).toEqual({ ended, hints: [expect.stringContaining(hint)] });
});

test('rich-exception logs its report as an error and its manifest is valid', async () => {
  expect(readManifest(import.meta.dirname).problems).toEqual([]);
  const process = startPlugin(import.meta.dirname);

  await process.invoke('conda.on_exception', failure);
  expect(await process.stop()).toEqual({ code: 0, signal: null });

  expect(
    process
      .sent('log')
      .map(({ message }) => message)
      .join('\n'),
  ).toContain(
    [
      'npm failed: exit 1 after 1.2 s',
      '  command    npm start',
      '  folder     /projects',
      '  time       2026-01-01T00:00:00Z',
      '  last words starting',
      '             Error: listen EADDRINUSE: address already in use :::3000',
      '  hint       Another process listens on the port: `ss -ltnp` shows which.',
    ].join('\n'),
  );
});

test('rich-exception shows the innermost lines of a stack trace', async () => {
  const t = await testPlugin(plugin);
  const traceback = Array.from({ length: 30 }, (_, i) => `line ${i}\n`).join('');

  await t.call('conda.on_exception', { ...failure, traceback });

  expect(t.logs[0]?.message).toContain('\n  trace      line 10\n             line 11\n');
  expect(t.logs[0]?.message).toContain('\n             line 29\n  hint ');
});
