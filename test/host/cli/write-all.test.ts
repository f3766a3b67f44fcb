import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const MODULE = fileURLToPath(new URL('../../../host/cli/write-all.ts', import.meta.url));

function writer(statement: string) {
  const source = `import { writeAll } from ${JSON.stringify(MODULE)}; ${statement}`;
  return spawn(process.execPath, ['--conditions=@outrigger/source', '--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

test('writeAll() writes all of a large text into a slow pipe before it returns', async () => {
  const child = writer(`writeAll(1, 'ä'.repeat(2_000_000)); process.kill(process.pid, 'SIGKILL');`);
  let length = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    length += text.length;
  });
  await once(child, 'close');
  expect(length).toBe(2_000_000);
});

test('writeAll() ends like any program of a pipeline when nobody reads its answer', async () => {
  const child = writer(`setTimeout(() => { for (;;) writeAll(1, 'x'.repeat(100_000)); }, 0);`);
  child.stdout.destroy();
  expect(await once(child, 'close')).toEqual([null, 'SIGPIPE']);
});

test('writeAll() does not fail when nobody reads its messages', async () => {
  const child = writer(`for (let i = 0; i < 50; i++) writeAll(2, 'x'.repeat(10_000)); writeAll(1, 'done');`);
  child.stderr.destroy();
  let answer = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    answer += text;
  });
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(answer).toBe('done');
});
