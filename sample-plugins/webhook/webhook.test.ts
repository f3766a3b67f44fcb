import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { openSample } from '../../test/samples/sample-host.ts';
import { waitUntil } from '../../test/support/wait-until.ts';

const FAILURE = {
  component_type: 'Instruction',
  action: { type: 'Instruction', text: 'hush' },
  error: { type: 'ValueError', message: 'hush' },
  error_type: 'ValueError',
};
const SECRETS: Record<string, string> = { WEBHOOK_TOKEN: 'the-token', WEBHOOK_SIGNING_KEY: 'the-key' };

interface Seen {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A server that answers with these statuses, then 200, and a host whose plugin posts there. */
async function open(config: object = {}, statuses: number[] = []) {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    seen.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
    response.writeHead(statuses[seen.length - 1] ?? 200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.closeAllConnections());
  onTestFinished(() => void server.close());
  const place = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const secrets = [{ name: 'WEBHOOK_TOKEN', hosts: [place] }, 'WEBHOOK_SIGNING_KEY'];
  const { host, logs } = await openSample(import.meta.dirname, {
    entry: {
      config: { url: `http://${place}/events`, backoffMs: 1, ...config },
      grant: { net: [place], services: ['net/fetch'], secrets },
    },
    manifest: (text) => text.replaceAll('[hooks.example.com]', `["${place}"]`),
    host: { secrets: (name) => SECRETS[name] },
  });
  const emit = () => host.operation('op').emit('mellea.component_post_error', FAILURE);
  return { host, logs, seen, server, emit };
}

test('webhook posts what happened, and not what was said', async () => {
  const { host, seen, emit } = await open();

  const { event } = await emit();
  await waitUntil(() => seen.length === 1, 'a request');

  const [{ body = '', headers } = {}] = seen;
  expect(headers).toMatchObject({ 'content-type': 'application/json' });
  expect(JSON.parse(body)).toEqual({
    event,
    hook: 'mellea.component_post_error',
    time: expect.any(String),
    operation: 'op',
    outcome: { status: 'continued' },
  });
  expect(host.stats().failOpens).toEqual({});
});

test('webhook posts the payload when it shall, or the text of a template', async () => {
  const whole = await open({ withPayload: true });
  const text = '{payload.error_type} in {payload.error} of {hook}, {payload.no.such} {outcome.status} {payload.__proto__}';
  const short = await open({ templates: { 'mellea.component_post_error': text } });

  await Promise.all([whole.emit(), short.emit()]);
  await waitUntil(() => whole.seen.length + short.seen.length === 2, 'two requests');

  expect(JSON.parse(whole.seen[0]?.body ?? '')).toMatchObject({ payload: FAILURE });
  expect(JSON.parse(short.seen[0]?.body ?? '')).toEqual({
    text: 'ValueError in {"type":"ValueError","message":"hush"} of mellea.component_post_error,  continued ',
  });
});

test.each([
  ['bearer', { authorization: 'Bearer the-token' }],
  ['api_key', { 'x-api-key': 'the-token' }],
])('webhook sends the token as %s', async (auth, expected) => {
  const { seen, emit } = await open({ auth });

  await emit();
  await waitUntil(() => seen.length === 1, 'a request');

  expect(seen[0]?.headers).toMatchObject(expected);
});

test('webhook signs the body', async () => {
  const { seen, emit } = await open({ auth: 'hmac' });

  await emit();
  await waitUntil(() => seen.length === 1, 'a request');

  const [{ body = '', headers } = {}] = seen;
  const signature = createHmac('sha256', 'the-key').update(body).digest('hex');
  expect(headers).toMatchObject({ 'x-signature-256': `sha256=${signature}` });
});

test('webhook tries again three times, and then says that it gave up', async () => {
  const passes = await open({}, [500, 429, 408]);
  const fails = await open({}, [503, 503, 503, 503, 503]);

  await Promise.all([passes.emit(), fails.emit()]);
  await waitUntil(() => fails.logs.some(({ message }) => message === 'gave up on a webhook'), 'the end');
  await waitUntil(() => passes.seen.length === 4, 'four requests');

  expect(fails.seen).toHaveLength(4);
  expect(fails.logs).toContainEqual(
    expect.objectContaining({
      level: 'warn',
      fields: expect.objectContaining({ fields: expect.objectContaining({ attempts: 4, reason: 'status 503' }) }),
    }),
  );
  expect(passes.logs.filter(({ level }) => level === 'warn')).toEqual([]);
});

test('webhook does not try again what cannot pass, and tries again where nobody answers', async () => {
  const refused = await open({}, [404]);
  const nobody = await open({ retries: 1 });
  nobody.server.close();

  await Promise.all([refused.emit(), nobody.emit()]);
  const gaveUp = ({ logs }: typeof refused) => logs.find(({ message }) => message === 'gave up on a webhook')?.fields;
  await waitUntil(() => gaveUp(refused) !== undefined && gaveUp(nobody) !== undefined, 'the end of both');

  expect(gaveUp(refused)).toMatchObject({ fields: { attempts: 1, reason: 'status 404' } });
  expect(gaveUp(nobody)).toMatchObject({ fields: { attempts: 2 } });
});
