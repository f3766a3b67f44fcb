import { createServer, type RequestListener, type Server } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { type ExchangeOptions, exchange, isRedirect } from '../../../../host/sandbox/network/exchange.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

async function web(answer: RequestListener): Promise<number> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}

function options(url: string, more: Partial<ExchangeOptions> = {}): ExchangeOptions {
  const { signal } = new AbortController();
  return { url: new URL(url), method: 'GET', headers: {}, body: undefined, addresses: ['127.0.0.1'], maxBytes: 1000, signal, ...more };
}

test('exchange() dials the checked address, and names the host', async () => {
  const port = await web((message, reply) => reply.end(message.headers.host));

  const { status, body } = await exchange(options(`http://granted.example:${port}/`));

  expect([status, body.toString()]).toEqual([200, `granted.example:${port}`]);
});

test('exchange() takes the next address when one does not answer', async () => {
  const port = await web((_message, reply) => reply.end('here'));

  const { body } = await exchange(options(`http://granted.example:${port}/`, { addresses: ['127.0.0.2', '127.0.0.1'] }));

  expect(body.toString()).toBe('here');
});

test('exchange() breaks off a body that is too long, or never ends', async () => {
  const port = await web((_message, reply) => {
    const timer = setInterval(() => reply.write('x'.repeat(100)), 1);
    reply.on('close', () => clearInterval(timer));
  });

  await expect(exchange(options(`http://granted.example:${port}/`))).rejects.toThrow('longer than 1000 bytes');
});

test('exchange() does not read the body of a redirect', async () => {
  const port = await web((_message, reply) => void reply.writeHead(302, { location: '/' }).write('x'.repeat(5000)));

  expect(await exchange(options(`http://granted.example:${port}/`))).toMatchObject({ status: 302, body: { length: 0 } });
});

test('isRedirect() needs a place to go', () => {
  expect([isRedirect(302, { location: '/' }), isRedirect(302, {}), isRedirect(304, { location: '/' })]).toEqual([true, false, false]);
});
