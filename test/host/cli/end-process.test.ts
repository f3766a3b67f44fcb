import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const MODULE = fileURLToPath(new URL('../../../host/cli/end-process.ts', import.meta.url));

async function end(statement: string): Promise<unknown[]> {
  const source = `import { endBySignal, endWithCode } from ${JSON.stringify(MODULE)}; setInterval(() => {}, 1000); ${statement}`;
  return once(
    spawn(process.execPath, ['--conditions=@outrigger/source', '--input-type=module', '-e', source], { stdio: 'ignore' }),
    'close',
  );
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGPIPE', 'SIGUSR1', 'SIGKILL'])(
  'endBySignal() dies of %s although somebody listens',
  async (signal) => {
    const listen = signal === 'SIGKILL' ? '' : `process.on('${signal}', () => {});`;
    expect(await end(`${listen} endBySignal('${signal}');`)).toEqual([null, signal]);
  },
);

test('endBySignal() returns 128 + n for a signal that leaves a core dump', async () => {
  expect(await end(`endBySignal('SIGABRT');`)).toEqual([134, null]);
});

test('endWithCode() ends a process that has work left', async () => {
  expect(await end('endWithCode(7);')).toEqual([7, null]);
});
