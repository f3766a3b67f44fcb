import { expect, onTestFinished, test } from 'vitest';
import { commandTarget } from '../../../host/conformance/make-target.ts';
import type { Framing } from '../../../host/conformance/types.ts';
import { WireClient } from '../../../host/conformance/wire-client.ts';

async function start(program: string, framing: Framing = 'lines'): Promise<WireClient> {
  const place = { cwd: process.cwd(), env: process.env, cacheDir: '/nonexistent', framing };
  const client = new WireClient(await commandTarget(['node', '-e', program], place));
  onTestFinished(() => client.kill());
  return client;
}

test('WireClient tells messages from what is none', async () => {
  const client = await start(`process.stdout.write('hello\\n{"jsonrpc":"2.0","id":1,"result":{}}\\n[1]\\n"\\xff"\\n', 'latin1')`);

  await client.answer(1, 'nothing');
  await client.ended(5000, 'it did not end');
  await client.until(() => client.strays.length === 3, 'three strays', 1000);

  expect(client.received).toHaveLength(1);
  expect(client.strays).toMatchObject(['hello', '[1]', expect.stringMatching(/^".*"$/)]);
});

test('WireClient frames what it writes as the target wants it', async () => {
  const client = await start(
    `process.stdin.once('data', (data) => { process.stderr.write(JSON.stringify(String(data))); process.exit(0) })`,
    'content-length',
  );

  client.send({ ä: 1 });
  await client.ended(5000, 'it did not end');
  await expect.poll(() => client.stderr).toBe(JSON.stringify('Content-Length: 8\r\n\r\n{"ä":1}'));
});

test('WireClient says why no answer came', async () => {
  const client = await start(`console.error('out of ideas'); process.exitCode = 7`);

  await expect(client.request('ping', {})).rejects.toThrow(
    /^no answer to ping \(id 1\): the process ended with code 7; its last words on stderr: "out of ideas"$/,
  );
});

test('WireClient serves a storage, and refuses the rest', async () => {
  const ask = `
    const ask = (id, method, params) => console.log(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    ask('a', 'storage/set', { key: 'k', value: [1] }); ask('b', 'storage/get', { key: 'k' }); ask('c', 'secret/get', { name: 's' });
    ask('d', 'storage/list', {}); ask('e', 'storage/get', null);
    process.stdin.on('data', (data) => process.stderr.write(data))`;
  const client = await start(ask);

  await client.until(() => client.received.length === 5, 'five requests', 5000);

  await expect.poll(() => client.stderr.split('\n').filter(Boolean).length).toBe(5);
  const answers = client.stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(answers).toMatchObject([
    { id: 'a', result: {} },
    { id: 'b', result: { value: [1] } },
    { id: 'c', error: { code: -32001 } },
    { id: 'd', result: { keys: ['k'] } },
    { id: 'e', error: { code: -32001 } },
  ]);
});
