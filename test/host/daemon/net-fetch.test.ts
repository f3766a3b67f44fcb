import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTls } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { NetFetchParams } from '@outrigger/schemas';
import { afterEach, describe, expect, test } from 'vitest';
import { type NetFetchDeps, netFetch } from '../../../host/daemon/net-fetch.ts';
import { HostError } from '../../../host/protocol/errors.ts';
import { parseRule } from '../../../host/sandbox/network/rules.ts';
import type { NetDenial } from '../../../host/sandbox/types.ts';
import { testWith } from '../../support/needs.ts';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0).reverse()) end();
});

const SECRET = 's3cret"/+value';

interface Rig extends NetFetchDeps {
  readonly denied: NetDenial[];
}

function rig(grants: readonly string[], options: Partial<NetFetchDeps> = {}): Rig {
  const denied: NetDenial[] = [];
  return {
    plugin: 'test',
    rules: grants.map((text) => parseRule(text) ?? expect.unreachable(text)),
    secret: () => Promise.resolve(SECRET),
    maxBytes: 1_000_000,
    signal: new AbortController().signal,
    lookup: () => Promise.reject(new Error('nothing may be resolved')),
    onDenied: (denial) => denied.push(denial),
    denied,
    ...options,
  };
}

/** An HTTP server on the host’s loopback: its authority. */
async function web(answer: (message: IncomingMessage, reply: ServerResponse) => void): Promise<string> {
  return listening(createServer(answer));
}

async function listening(server: ReturnType<typeof createServer>): Promise<string> {
  ends.push(() => {
    server.close();
    server.closeAllConnections();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as { port: number }).port}`;
}

/** Answers with what it was asked, as JSON. */
const echo: RequestListener = async (message, reply) => {
  let body = '';
  for await (const part of message.setEncoding('latin1')) body += part;
  reply.end(JSON.stringify({ method: message.method, url: message.url, headers: message.headers, body }));
};

async function failure(params: NetFetchParams, deps: NetFetchDeps): Promise<HostError> {
  const error = await netFetch(params, deps).then(
    () => expect.unreachable('it was fetched'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(HostError);
  return error as HostError;
}

describe('a request', () => {
  test('netFetch() sends method, fields and body to a granted address', async () => {
    const at = await web(echo);

    const { status, url, body } = await netFetch(
      { url: `http://${at}/a?b#c`, method: 'post', headers: { 'X-Mine': '1', 'content-type': 'text/plain' }, body: 'ä' },
      rig([at]),
    );

    expect({ status, url }).toEqual({ status: 200, url: `http://${at}/a?b` });
    expect(JSON.parse(body ?? '')).toEqual({
      method: 'POST',
      url: '/a?b',
      headers: {
        host: at,
        'x-mine': '1',
        'content-type': 'text/plain',
        'content-length': '2',
        'accept-encoding': 'identity',
        connection: 'close',
      },
      body: 'Ã¤',
    });
  });

  test('netFetch() carries bytes as base64, joins fields of one name', async () => {
    const at = await web((message, reply) => {
      reply.setHeader('set-cookie', ['a=1', 'b=2']);
      message.pipe(reply);
    });

    const found = await netFetch({ url: `http://${at}/`, method: 'PUT', bodyBase64: '/wD+' }, rig([at]));

    expect(found).toMatchObject({ bodyBase64: '/wD+', headers: { 'set-cookie': 'a=1, b=2' } });
    expect(found.body).toBeUndefined();
  });

  test.each([
    ['a host without a rule', 'https://evil.example/'],
    ['another port', 'https://granted.example:8443/'],
    ['plain http where only 443 is granted', 'http://granted.example/'],
    ['a private address', 'https://10.0.0.1/'],
    ['the metadata address', 'http://169.254.169.254/latest/'],
    ['IPv6 loopback', 'https://[::1]/'],
    ['IPv4 in IPv6', 'https://[::ffff:127.0.0.1]/'],
  ])('netFetch() refuses %s, and resolves nothing', async (_what, url) => {
    const deps = rig(['granted.example', '*.wild.example']);

    const { code, message } = await failure({ url }, deps);

    expect(code).toBe('PERMISSION_DENIED');
    expect(message).toContain('not among the granted hosts');
    expect(deps.denied).toHaveLength(1);
  });

  test('netFetch() refuses a granted name that resolves to a private address', async () => {
    let asked = 0;
    const at = await web((_message, reply) => reply.end(`${asked++}`));
    const port = at.split(':')[1];
    const deps = rig([`granted.example:${port}`], { lookup: () => Promise.resolve(['127.0.0.1', '::1']) });

    expect((await failure({ url: `http://granted.example:${port}/` }, deps)).code).toBe('PERMISSION_DENIED');
    expect(asked).toBe(0);
  });

  test.each([
    ['no address', { url: 'granted.example' }],
    ['another scheme', { url: 'file:///etc/passwd' }],
    ['a user name', { url: 'https://user@granted.example/' }],
    ['a user name that looks like the host', { url: 'https://granted.example@evil.example/' }],
    ['a backslash', { url: 'https://granted.example\\@evil.example/' }],
    ['a missing slash', { url: 'https:granted.example/' }],
    ['a line break', { url: 'https://granted.example/\r\nX: y' }],
    ['an address as number', { url: 'http://2130706433/' }],
    ['an octal address', { url: 'http://0177.0.0.1/' }],
    ['a short address', { url: 'http://127.1/' }],
    ['a hexadecimal address', { url: 'http://0x7f.0.0.1/' }],
    ['an encoded host', { url: 'https://%67ranted.example/' }],
    ['full-width digits', { url: 'http://１２７.0.0.1/' }],
    ['CONNECT', { method: 'CONNECT' }],
    ['TRACE', { method: 'trace' }],
    ['a host of its own', { headers: { Host: 'evil.example' } }],
    ['a length of its own', { headers: { 'Content-Length': '1' } }],
    ['a coding of its own', { headers: { 'transfer-encoding': 'chunked' } }],
    ['a connection of its own', { headers: { connection: 'keep-alive' } }],
    ['a field for proxies', { headers: { 'Proxy-Authorization': 'x' } }],
    ['an upgrade', { headers: { upgrade: 'websocket' } }],
    ['a line break in a value', { headers: { a: 'b\r\nc: d' } }],
    ['a line break in a name', { headers: { 'a\r\nb': 'c' } }],
    ['a colon in a name', { headers: { 'a:b': 'c' } }],
    ['a line break in a prefix', { headers: { a: { secret: 'TOKEN', prefix: 'x\n' } } }],
    ['one field twice', { headers: { a: 'b', A: 'c' } }],
    ['two bodies', { body: 'a', bodyBase64: 'YQ==' }],
    ['a body that is no base64', { bodyBase64: 'a?' }],
  ])('netFetch() refuses %s', async (_what, params) => {
    const { code } = await failure({ url: 'https://granted.example/', ...params }, rig(['granted.example', '127.0.0.1:*']));

    expect(code).toBe('PARAMS_INVALID');
  });

  test('netFetch() says that a host cannot be reached, or breaks off', async () => {
    const at = await web((message) => message.socket.destroy());
    const switching = await web(() => {});
    const upgraded = await web((message) => message.socket.end('HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'));

    expect((await failure({ url: 'https://granted.example/' }, rig(['granted.example']))).code).toBe('SERVICE_FAILED');
    expect((await failure({ url: `http://${at}/` }, rig([at]))).code).toBe('SERVICE_FAILED');
    expect((await failure({ url: `http://${upgraded}/` }, rig([upgraded]))).code).toBe('SERVICE_FAILED');
    const late = await failure({ url: `http://${switching}/`, timeoutMs: 100 }, rig([switching]));
    expect([late.code, late.message]).toEqual(['SERVICE_FAILED', expect.stringContaining('longer than 100 ms')]);
  });

  test('netFetch() takes at most so many bytes', async () => {
    const at = await web((_message, reply) => reply.end('x'.repeat(1001)));

    expect((await netFetch({ url: `http://${at}/` }, rig([at]))).body).toHaveLength(1001);
    for (const [params, deps] of [
      [{ maxBytes: 1000 }, {}],
      [{ maxBytes: 5000 }, { maxBytes: 1000 }],
    ] as const) {
      expect((await failure({ url: `http://${at}/`, ...params }, rig([at], deps))).message).toContain('longer than 1000 bytes');
    }
  });

  test('netFetch() ends when it is cancelled, before and while it waits', async () => {
    const controller = new AbortController();
    const at = await web(() => controller.abort());
    const deps = rig([at], { signal: controller.signal });

    expect((await failure({ url: `http://${at}/` }, deps)).message).toContain('cancelled');
    expect((await failure({ url: `http://${at}/` }, deps)).message).toContain('cancelled');
  });
});

describe('redirects', () => {
  test('netFetch() follows them, each to a granted host, and drops what belongs to one origin', async () => {
    const other = await web(echo);
    const at = await web((message, reply) => {
      const location = message.url === '/a' ? '/b' : `http://${other}/c`;
      reply.writeHead(message.headers['authorization'] === `Bearer ${SECRET}` ? 302 : 500, { location }).end();
    });

    const { url, body } = await netFetch(
      {
        url: `http://${at}/a`,
        headers: { Authorization: { secret: 'TOKEN', prefix: 'Bearer ' }, cookie: 'a=b', 'x-key': { secret: 'TOKEN' }, 'x-kept': '1' },
      },
      rig([at, other]),
    );

    expect(url).toBe(`http://${other}/c`);
    expect(JSON.parse(body ?? '').headers).toEqual({ host: other, 'x-kept': '1', 'accept-encoding': 'identity', connection: 'close' });
  });

  test.each([
    [303, 'PUT', 'GET', ''],
    [302, 'POST', 'GET', ''],
    [307, 'POST', 'POST', 'body'],
  ])('netFetch() turns %d of %s into %s', async (status, method, expected, expectedBody) => {
    const at = await web((message, reply) =>
      message.url === '/a' ? reply.writeHead(status, { location: '/b' }).end() : echo(message, reply),
    );

    const { body } = await netFetch({ url: `http://${at}/a`, method, body: 'body', headers: { 'content-type': 'x/y' } }, rig([at]));

    expect(JSON.parse(body ?? '')).toMatchObject({ method: expected, body: expectedBody });
    expect(JSON.parse(body ?? '').headers['content-type']).toBe(expectedBody === '' ? undefined : 'x/y');
  });

  test.each([
    ['a host without a rule', 'https://evil.example/', 'PERMISSION_DENIED'],
    ['the metadata address', 'http://169.254.169.254/', 'PERMISSION_DENIED'],
    ['a file', 'file:///etc/passwd', 'SERVICE_FAILED'],
    ['an address in an odd spelling', '//2130706433/', 'SERVICE_FAILED'],
    ['itself, for ever', '/', 'SERVICE_FAILED'],
  ])('netFetch() does not follow one to %s', async (_what, location, code) => {
    const at = await web((_message, reply) => reply.writeHead(302, { location }).end());

    expect((await failure({ url: `http://${at}/` }, rig([at, '127.0.0.1:80']))).code).toBe(code);
  });

  test('netFetch() follows five, and not six', async () => {
    const at = await web((message, reply) => {
      const left = Number(message.url?.slice(1));
      reply.writeHead(left === 0 ? 200 : 302, left === 0 ? {} : { location: `/${left - 1}` }).end();
    });

    expect((await netFetch({ url: `http://${at}/5` }, rig([at]))).status).toBe(200);
    expect((await failure({ url: `http://${at}/6` }, rig([at]))).message).toContain('more than 5 redirects');
  });
});

describe('secrets', () => {
  test('netFetch() asks for the secret of this host and port, and only once the host is admitted', async () => {
    const at = await web(echo);
    const asked: unknown[] = [];
    const secret = (...all: unknown[]): Promise<string> => Promise.resolve(asked.push(all) > 0 ? SECRET : '');
    const headers = { 'x-key': { secret: 'TOKEN' } };

    await netFetch({ url: `http://${at}/`, headers }, rig([at], { secret }));
    await failure({ url: 'https://evil.example/', headers }, rig([at], { secret }));

    expect(asked).toEqual([['TOKEN', '127.0.0.1', Number(at.split(':')[1])]]);
  });

  test('netFetch() replaces a secret that comes back, in fields, address and body of any kind', async () => {
    const at = await web((message, reply) => {
      if (message.url === '/') return void reply.writeHead(302, { location: `/?key=${encodeURIComponent(SECRET)}` }).end();
      reply.setHeader('x-echo', `<${message.headers['x-key']}>`);
      return void reply.end(
        Buffer.concat([Buffer.from([255]), Buffer.from(`${SECRET} ${JSON.stringify(SECRET)} ${encodeURIComponent(SECRET)}`)]),
      );
    });

    const { url, headers, bodyBase64 } = await netFetch({ url: `http://${at}/`, headers: { 'X-Key': { secret: 'TOKEN' } } }, rig([at]));

    expect(url).toBe(`http://${at}/?key=[secret TOKEN]`);
    expect(headers['x-echo']).toBe('<[secret TOKEN]>');
    expect(Buffer.from(bodyBase64 ?? '', 'base64').toString('latin1')).toBe('ÿ[secret TOKEN] "[secret TOKEN]" [secret TOKEN]');
  });

  test('netFetch() does not let the mark of a secret make a body longer than allowed', async () => {
    const at = await web((_message, reply) => reply.end('~~~~~~~~ '.repeat(100)));

    const error = await failure(
      { url: `http://${at}/`, maxBytes: 1000, headers: { 'x-key': { secret: 'TOKEN' } } },
      rig([at], { secret: () => Promise.resolve('~~~~~~~~') }),
    );

    expect(error.message).toContain('longer than 1000 bytes');
  });

  test('netFetch() sends no secret that could be found out by trying, and does not say in which places it would be', async () => {
    const headers = { 'x-key': { secret: 'PIN' } };
    const error = await failure(
      { url: 'http://127.0.0.1:1/', headers },
      rig(['127.0.0.1:1'], { secret: () => Promise.resolve('1234567') }),
    );

    expect(error).toMatchObject({
      code: 'PARAMS_INVALID',
      message: expect.stringMatching(/"PIN" .* fewer than 8 characters, .* store a longer one/),
    });
  });

  test('netFetch() keeps a secret out of its errors', async () => {
    const secret = (): Promise<string> => Promise.resolve('lower-case-value');
    const at = await web((message, reply) => reply.writeHead(302, { location: `https://${message.headers['x-key']}.example/` }).end());
    const deps = rig([at], { secret });
    const headers = { 'X-Key': { secret: 'TOKEN' } };

    const redirected = await failure({ url: `http://${at}/`, headers }, deps);
    const broken = await failure({ url: `http://${at}/`, headers }, rig([at], { secret: () => Promise.resolve('broken\r\nvalue') }));
    const thrown = await failure({ url: `http://${at}/`, headers }, rig([at], { secret: () => Promise.reject(new Error('broken value')) }));

    expect([redirected.code, broken.code, thrown.code]).toEqual(['PERMISSION_DENIED', 'PARAMS_INVALID', 'SERVICE_FAILED']);
    expect(redirected.message).toContain('[secret TOKEN].example');
    expect(JSON.stringify([redirected.message, broken.message, thrown.message, deps.denied])).not.toMatch(/lower-case-value|broken/);
    expect([redirected.cause, broken.cause, thrown.cause]).toEqual([undefined, undefined, undefined]);
  });

  test('netFetch() passes on that a secret is not granted', async () => {
    const secret = (): Promise<string> => Promise.reject(new HostError('SECRET_UNKNOWN', 'no'));
    const at = await web(echo);

    expect((await failure({ url: `http://${at}/`, headers: { a: { secret: 'TOKEN' } } }, rig([at], { secret }))).code).toBe(
      'SECRET_UNKNOWN',
    );
  });

  test('netFetch() sends no secret over http beyond this machine', async () => {
    const deps = rig(['granted.example:80'], { lookup: () => Promise.resolve(['8.8.8.8']), secret: () => expect.unreachable('asked') });

    const error = await failure({ url: 'http://granted.example/', headers: { a: { secret: 'TOKEN' } } }, deps);

    expect([error.code, error.message]).toEqual(['PERMISSION_DENIED', expect.stringContaining('use https')]);
  });
});

describe('https', () => {
  /** A certificate for these names, and a default list of authorities that has it until the test ends. */
  function trusted(subjectAltName: string): { key: Buffer; cert: Buffer } {
    const folder = mkdtempSync(join(tmpdir(), 'outrigger-tls-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const kind = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=test'];
    execFileSync('openssl', [...kind, '-addext', `subjectAltName=${subjectAltName}`, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    const made = { key: readFileSync(key), cert: readFileSync(cert) };
    rmSync(folder, { recursive: true });
    const before = getCACertificates('default');
    setDefaultCACertificates([...before, made.cert.toString()]);
    ends.push(() => setDefaultCACertificates(before));
    return made;
  }

  testWith('openssl', 'openssl')('netFetch() fetches over TLS, and refuses a redirect to http', async () => {
    const at = await listening(
      createTls(trusted('IP:127.0.0.1'), (message, reply) =>
        message.url === '/' ? reply.end('safe') : reply.writeHead(302, { location: `http://${message.headers.host}/` }).end(),
      ) as unknown as ReturnType<typeof createServer>,
    );

    expect((await netFetch({ url: `https://${at}/` }, rig([at]))).body).toBe('safe');
    expect((await failure({ url: `https://${at}/away` }, rig([at]))).message).toContain('from https: to http:');
  });

  testWith('openssl', 'openssl')('netFetch() refuses a certificate of another name, or of nobody it trusts', async () => {
    const other = await listening(createTls(trusted('DNS:other.example'), echo) as unknown as ReturnType<typeof createServer>);
    const own = trusted('IP:127.0.0.1');
    ends.pop()?.();
    const unknown = await listening(createTls(own, echo) as unknown as ReturnType<typeof createServer>);

    const errors = await Promise.all([other, unknown].map((at) => failure({ url: `https://${at}/` }, rig([at]))));

    expect(errors.map(({ code }) => code)).toEqual(['SERVICE_FAILED', 'SERVICE_FAILED']);
    expect(errors[0]?.message).toContain('IP');
    expect(errors[1]?.message).toContain('self-signed');
  });
});
