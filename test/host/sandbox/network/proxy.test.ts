import { once } from 'node:events';
import { createServer as createHttp, type IncomingMessage } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { PluginProxy, type ProxyOptions } from '../../../../host/sandbox/network/proxy.ts';
import { parseRule } from '../../../../host/sandbox/network/rules.ts';
import type { NetDenial } from '../../../../host/sandbox/types.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0).reverse()) end();
});

interface Rig {
  readonly port: number;
  readonly proxy: PluginProxy;
  readonly denied: NetDenial[];
}

async function startProxy(grants: readonly string[], options: Partial<ProxyOptions> = {}): Promise<Rig> {
  const denied: NetDenial[] = [];
  const rules = grants.map((text) => parseRule(text) ?? expect.unreachable(text));
  const proxy = new PluginProxy({ rules, onDenied: (denial) => denied.push(denial), ...options });
  const listener = createServer();
  const port = await listen(listener);
  proxy.attach(listener);
  ends.push(() => proxy.close());
  return { port, proxy, denied };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}

/** A TCP server on the host’s loopback. */
async function tcp(onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    onConnection(socket);
  });
  ends.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return listen(server);
}

/** An HTTP server on the host’s loopback that keeps what it was asked. */
async function web(): Promise<{ port: number; seen: (IncomingMessage & { text: string })[] }> {
  const seen: (IncomingMessage & { text: string })[] = [];
  const server = createHttp(async (message, reply) => {
    let text = '';
    for await (const part of message) text += part;
    seen.push(Object.assign(message, { text }));
    reply.writeHead(200, { 'x-kept': 'yes', connection: 'close, x-dropped', 'x-dropped': 'yes' }).end('hello');
  });
  ends.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: await listen(server), seen };
}

function open(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => {});
  ends.push(() => socket.destroy());
  return socket;
}

/** Settles when the connection has closed, however that came. */
function closing(socket: Socket): Promise<void> {
  socket.resume().once('end', () => socket.end());
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** Everything that comes back for these bytes until the connection closes. */
async function exchange(port: number, text: string): Promise<string> {
  const socket = open(port);
  let answer = '';
  socket.setEncoding('latin1').on('data', (part) => {
    answer += part;
  });
  socket.write(text);
  await closing(socket);
  return answer;
}

function connectTo(target: string): string {
  return `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`;
}

describe('CONNECT', () => {
  test('PluginProxy carries bytes both ways to a granted address', async () => {
    const target = await tcp((socket) => socket.pipe(socket));
    const { port, denied } = await startProxy([`127.0.0.1:${target}`]);

    const socket = open(port);
    socket.write(`${connectTo(`127.0.0.1:${target}`)}early`);
    let answer = '';
    socket.setEncoding('utf8').on('data', (part) => {
      answer += part;
    });
    await waitUntil(() => answer.endsWith('early'), 'the bytes sent along with the head');
    socket.end('late');
    await once(socket, 'close');

    expect(answer).toBe('HTTP/1.1 200 Connection established\r\n\r\nearlylate');
    expect(denied).toEqual([]);
  });

  test('PluginProxy leaves bytes where they are while the reader does not read', async () => {
    let sent = 0;
    const target = await tcp((socket) => {
      const more = (): void => {
        while (socket.writableLength < 1_000_000 && sent < 500_000_000 && !socket.destroyed) {
          sent += 1_000_000;
          socket.write(Buffer.alloc(1_000_000));
        }
      };
      socket.on('drain', more);
      more();
    });
    const { port } = await startProxy([`127.0.0.1:${target}`], { idleMs: 1000 });

    const socket = open(port);
    socket.pause().write(connectTo(`127.0.0.1:${target}`));
    await waitUntil(() => sent > 0, 'the server starts to send');
    let before = -1;
    await waitUntil(() => {
      const isStill = sent === before;
      before = sent;
      return isStill;
    }, 'the server is held up');

    expect(sent).toBeLessThan(100_000_000);
  });

  test.each([
    ['a name that is not granted', 'evil.example:443', 'evil.example', 443],
    ['another port of a granted name', 'granted.example:25', 'granted.example', 25],
    ['the name above a wildcard', 'wild.example:443', 'wild.example', 443],
    ['an address in an odd spelling', '2130706433:443', '2130706433', 443],
    ['loopback', '127.0.0.1:443', '127.0.0.1', 443],
    ['the metadata address', '[fd00:ec2::254]:443', '[fd00:ec2::254]', 443],
    ['the proxy itself', '127.0.0.1:3128', '127.0.0.1', 3128],
  ])('PluginProxy refuses %s, and resolves nothing', async (_what, target, host, targetPort) => {
    const asked: string[] = [];
    const lookup = (name: string): Promise<string[]> => Promise.resolve(asked.push(name) > 0 ? ['127.0.0.1'] : []);
    const { port, denied } = await startProxy(['granted.example', '*.wild.example'], { lookup });

    const answer = await exchange(port, connectTo(target));

    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
    expect(asked).toEqual([]);
    expect(denied).toEqual([{ host, port: targetPort, reason: expect.any(String) }]);
  });

  test('PluginProxy refuses a granted name that resolves to special addresses, and dials none', async () => {
    let dialled = 0;
    const target = await tcp((socket) => socket.end(`${dialled++}`));
    const lookup = (): Promise<string[]> => Promise.resolve(['127.0.0.1', '::1', '10.0.0.1', '::ffff:127.0.0.1']);
    const { port, denied } = await startProxy([`granted.example:${target}`], { lookup });

    const answer = await exchange(port, connectTo(`granted.example:${target}`));

    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
    expect(denied[0]?.reason).toContain('private or special');
    expect(dialled).toBe(0);
  });

  test('PluginProxy resolves a granted name once for each connection', async () => {
    const answers = [['127.0.0.1'], ['8.8.8.8']];
    const asked: string[] = [];
    const lookup = (name: string): Promise<string[]> => Promise.resolve(answers[asked.push(name) - 1] ?? []);
    const { port } = await startProxy(['granted.example'], { lookup });

    await exchange(port, connectTo('granted.example:443'));

    expect(asked).toEqual(['granted.example']);
  });

  test('PluginProxy answers 502 when a granted name or host cannot be reached, which is no refusal', async () => {
    const gone = createServer();
    const free = await listen(gone);
    await new Promise((resolve) => gone.close(resolve));
    const lookup = (): Promise<string[]> => Promise.reject(new Error('ENOTFOUND'));
    const { port, denied } = await startProxy(['granted.example', `127.0.0.1:${free}`], { lookup });

    expect(await exchange(port, connectTo('granted.example:443'))).toMatch(/^HTTP\/1\.1 502 [\s\S]*resolved/);
    expect(await exchange(port, connectTo(`127.0.0.1:${free}`))).toMatch(/^HTTP\/1\.1 502 [\s\S]*ECONNREFUSED/);
    expect(denied).toEqual([]);
  });

  test.each(['granted.example', 'granted.example:0', 'granted.example:99999', 'a:b:443', '[::1:443', '/'])(
    'PluginProxy refuses the target %j',
    async (target) => {
      const { port } = await startProxy(['granted.example:*', '[::1]:*']);

      expect(await exchange(port, connectTo(target))).not.toMatch(/ 200 /);
    },
  );
});

describe('plain HTTP', () => {
  test('PluginProxy forwards a request with the Host of its target, and drops fields of the connection', async () => {
    const { port: target, seen } = await web();
    const { port } = await startProxy([`127.0.0.1:${target}`]);

    const answer = await exchange(
      port,
      `POST http://127.0.0.1:${target}/a?b=c HTTP/1.1\r\nHost: evil.example\r\nProxy-Authorization: x\r\nTE: trailers\r\nUpgrade: websocket\r\n` +
        'Connection: keep-alive, x-mine, upgrade\r\nX-Mine: 1\r\nX-Kept: 2\r\nContent-Length: 4\r\n\r\nbody',
    );

    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer.toLowerCase()).toContain('x-kept: yes');
    expect(answer.toLowerCase()).not.toContain('x-dropped');
    expect(answer.toLowerCase()).toContain('connection: close');
    expect(answer).toContain('hello');
    expect(seen).toHaveLength(1);
    expect(seen[0]?.url).toBe('/a?b=c');
    expect(seen[0]?.text).toBe('body');
    expect(seen[0]?.headers).toEqual({ host: `127.0.0.1:${target}`, 'x-kept': '2', 'content-length': '4', connection: 'close' });
  });

  test('PluginProxy keeps the framing of a chunked body, whatever the method', async () => {
    const { port: target, seen } = await web();
    const { port } = await startProxy([`127.0.0.1:${target}`]);
    const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: inside.example\r\n\r\n';

    await exchange(
      port,
      `GET http://127.0.0.1:${target}/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`,
    );

    expect(seen.map(({ url, text }) => [url, text])).toEqual([['/', smuggled]]);
  });

  test.each([
    ['both lengths', 'Content-Length: 4\r\nTransfer-Encoding: chunked'],
    ['two lengths', 'Content-Length: 4\r\nContent-Length: 4'],
    ['lengths in a list', 'Content-Length: 4, 4'],
    ['a signed length', 'Content-Length: +4'],
    ['another coding', 'Transfer-Encoding: gzip, chunked'],
    ['a hidden coding', 'Transfer-Encoding: xchunked'],
    ['a space before the colon', 'Transfer-Encoding : chunked'],
    ['a folded field', 'X: a\r\n Transfer-Encoding: chunked'],
  ])('PluginProxy sends nothing on with %s', async (_what, fields) => {
    const { port: target, seen } = await web();
    const { port } = await startProxy([`127.0.0.1:${target}`]);

    const answer = await exchange(port, `POST http://127.0.0.1:${target}/ HTTP/1.1\r\nHost: x\r\n${fields}\r\n\r\n0\r\n\r\n`);

    expect(answer).not.toMatch(/ 200 /);
    expect(seen).toEqual([]);
  });

  test.each(['GET', 'CONNECT'])('PluginProxy serves one request per connection, and no %s behind it', async (method) => {
    const { port: target, seen } = await web();
    let tunnels = 0;
    const other = await tcp((socket) => socket.end(`${tunnels++}`));
    const { port } = await startProxy([`127.0.0.1:${target}`, `127.0.0.1:${other}`]);
    const one = `GET http://127.0.0.1:${target}/one HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n`;

    await exchange(port, one + (method === 'GET' ? one.replace('/one', '/two') : connectTo(`127.0.0.1:${other}`)));

    expect(seen.map(({ url }) => url)).not.toContain('/two');
    expect(tunnels).toBe(0);
  });

  test.each([
    '/origin-form',
    'https://granted.example/',
    'ftp://granted.example/',
    'http://granted.example@evil.example/',
    'http://evil.example\\@granted.example/',
    'http://granted.example:99999/',
    'http://2130706433/',
    'http://evil.example/',
    'http:granted.example/',
    '//granted.example/',
    'http://[::1%25lo]/',
  ])('PluginProxy refuses %s, and resolves nothing', async (url) => {
    const asked: string[] = [];
    const lookup = (name: string): Promise<string[]> => Promise.resolve(asked.push(name) > 0 ? [] : []);
    const { port, denied } = await startProxy(['granted.example:*', '*:443'], { lookup });

    const answer = await exchange(port, `GET ${url} HTTP/1.1\r\nHost: granted.example\r\n\r\n`);

    expect(answer).not.toMatch(/ 200 | 502 /);
    expect(asked).toEqual([]);
    expect(denied.length + Number(answer.includes(' 400 ') || answer === '')).toBeGreaterThan(0);
  });

  test('PluginProxy answers 502 when the host breaks off or switches protocols', async () => {
    const broken = await tcp((socket) => socket.destroy());
    const switching = await tcp(
      (socket) => void socket.once('data', () => socket.write('HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n')),
    );
    const { port } = await startProxy([`127.0.0.1:${broken}`, `127.0.0.1:${switching}`]);

    for (const target of [broken, switching]) {
      expect(await exchange(port, `GET http://127.0.0.1:${target}/ HTTP/1.1\r\nHost: x\r\n\r\n`)).toMatch(/^HTTP\/1\.1 502 /);
    }
  });

  test('PluginProxy leaves a redirect to the client, for whom it is a new request', async () => {
    const server = createHttp((_message, reply) => reply.writeHead(302, { location: 'http://169.254.169.254/latest/' }).end());
    ends.push(() => server.close());
    const target = await listen(server);
    const { port, denied } = await startProxy([`127.0.0.1:${target}`, '*']);

    expect(await exchange(port, `GET http://127.0.0.1:${target}/ HTTP/1.1\r\nHost: x\r\n\r\n`)).toMatch(/^HTTP\/1\.1 302 /);
    expect(await exchange(port, 'GET http://169.254.169.254/latest/ HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/^HTTP\/1\.1 403 /);
    expect(denied.map(({ host }) => host)).toEqual(['169.254.169.254']);
  });
});

describe('bounds', () => {
  test('PluginProxy has at most so many connections, and says so', async () => {
    const target = await tcp((socket) => void closing(socket));
    const { port, denied } = await startProxy([`127.0.0.1:${target}`], { maxConnections: 64 });

    const sockets = Array.from({ length: 64 }, () => open(port));
    for (const socket of sockets) socket.write(connectTo(`127.0.0.1:${target}`));
    await Promise.all(sockets.map((socket) => once(socket, 'data')));
    expect(await exchange(port, connectTo(`127.0.0.1:${target}`))).toBe('');
    expect(denied).toEqual([{ host: '*', reason: expect.stringContaining('64 connections') }]);

    for (const socket of sockets.slice(0, 32)) socket.destroy();
    await waitUntil(async () => {
      const again = open(port);
      again.write(connectTo(`127.0.0.1:${target}`));
      return Promise.race([once(again, 'data').then(() => true), closing(again).then(() => false)]);
    }, 'a place is free again');
  });

  test('PluginProxy closes a connection on which nothing moves', async () => {
    const target = await tcp((socket) => socket.write('x'));
    const { port } = await startProxy([`127.0.0.1:${target}`], { idleMs: 200 });

    expect(await exchange(port, connectTo(`127.0.0.1:${target}`))).toMatch(/ 200 [\s\S]*x$/);
  });

  test('PluginProxy closes a connection whose head comes a byte at a time', async () => {
    const { port } = await startProxy(['granted.example'], { headMs: 500 });

    const socket = open(port);
    const start = performance.now();
    socket.write('GET http://granted.example/ HTTP/1.1\r\nX: ');
    const drip = setInterval(() => socket.write('C'), 50);
    ends.push(() => clearInterval(drip));
    await closing(socket);

    expect(performance.now() - start).toBeGreaterThan(400);
  });

  test('PluginProxy refuses a head of more than 16 KiB', async () => {
    const { port: target, seen } = await web();
    const { port } = await startProxy([`127.0.0.1:${target}`]);

    await exchange(port, `GET http://127.0.0.1:${target}/ HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`);

    expect(seen).toEqual([]);
  });

  test('PluginProxy gives up on a lookup or a connection whose client is gone', async () => {
    let answer: (addresses: string[]) => void = () => {};
    const lookup = (): Promise<string[]> => new Promise((resolve) => (answer = resolve));
    let dialled = 0;
    const target = await tcp(() => dialled++);
    const { port, proxy } = await startProxy([`granted.example:${target}`, `127.0.0.1:${target}`], { lookup });

    const socket = open(port);
    socket.write(connectTo(`granted.example:${target}`));
    await waitUntil(() => answer.length === 1, 'the lookup');
    proxy.close();
    await closing(socket);
    answer(['127.0.0.1']);

    expect(dialled).toBe(0);
  });

  test('close() ends tunnels, and connections on both sides, at once', async () => {
    const closed: Promise<unknown>[] = [];
    const target = await tcp((socket) => closed.push(closing(socket)));
    const { port, proxy } = await startProxy([`127.0.0.1:${target}`]);
    const socket = open(port);
    socket.write(connectTo(`127.0.0.1:${target}`));
    await once(socket, 'data');

    proxy.close();
    proxy.close();

    await closing(socket);
    await Promise.all(closed);
    await expect(once(connect({ port, host: '127.0.0.1' }), 'connect')).rejects.toThrow('ECONNREFUSED');
  });
});
