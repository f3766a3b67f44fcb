import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { StatusResult } from '@outrigger/schemas';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AnyHost } from '../../../../host/daemon/clients/types.ts';
import { hostStatus } from '../../../../host/daemon/control/status.ts';
import { Dashboard } from '../../../../host/daemon/http/dashboard.ts';
import { LogTail } from '../../../../host/daemon/http/log-tail.ts';
import { MAX_CONNECTIONS } from '../../../../host/daemon/http/types.ts';
import { CallTimes } from '../../../../host/daemon/metrics/call-times.ts';
import { type AppHost, DRAFT, Hosts } from '../../../support/hosts.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
let hosts: Hosts;
let host: AppHost;
let tail: LogTail;
let dashboard: Dashboard;
let url: URL;
let state: StatusResult['state'];
let done: string[];

beforeAll(() => {
  execFileSync(process.execPath, [fileURLToPath(new URL('../../../../host/dashboard/build.mjs', import.meta.url))]);
});

beforeEach(async () => {
  hosts = new Hosts();
  host = await hosts.open({ 'adds-tag': {}, 'crashes-in-hook': { hooks: { 'app.save': { onFailure: 'ignore' } } } });
  tail = new LogTail();
  state = 'serving';
  done = [];
  const times = new CallTimes();
  host.watch(times.watch);
  const any = host as unknown as AnyHost;
  dashboard = new Dashboard({
    host: any,
    tail,
    log: SILENT,
    status: () =>
      ({ state, clients: 2, ...hostStatus({ host: any, configFiles: [], breakers: host.breakers(), times }) }) as unknown as StatusResult,
    operator: {
      restart: (plugin) => host.restart(plugin),
      setEnabled: async (plugin, isEnabled) => {
        done.push(`${plugin} ${isEnabled}`);
        return 'switched';
      },
    },
  });
  url = new URL(await dashboard.open());
});

afterEach(async () => {
  await dashboard.close();
  await hosts.close();
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** Node's own fetch does not let us lie about Host. */
function ask(path: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body } = options;
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: url.port, path, method, headers, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }));
    });
    asked.on('error', reject).end(body);
  });
}

const bearer = (): Record<string, string> => ({ authorization: `Bearer ${url.searchParams.get('token')}` });
const act = (body: unknown, headers: Record<string, string> = bearer()): Promise<Answer> =>
  ask('/api/plugins', { method: 'POST', headers, body: JSON.stringify(body) });

describe('open()', () => {
  test('listens on loopback only, once, and gives the same link again', async () => {
    expect(url.hostname).toBe('127.0.0.1');
    expect(await dashboard.open()).toBe(url.href);
    expect(url.searchParams.get('token')).toMatch(/^[\w-]{43}$/);
  });

  test('rejects with CONFIG_INVALID when the port is taken, and can be tried again', async () => {
    const other = new Dashboard({
      host: host as unknown as AnyHost,
      tail,
      log: SILENT,
      status: () => ({}) as never,
      operator: {} as never,
    });
    await expect(other.open(Number(url.port))).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect(await other.open()).toMatch(/^http:/);
    await other.close();
  });
});

describe('the door', () => {
  test.each(['/', '/api/live', '/api/trace?event=x'])('%s needs the token, and says where it is', async (path) => {
    const answer = await ask(path);
    expect(answer.status).toBe(401);
    expect(answer.body).toContain('outrigger dashboard');
  });

  test.each(['?token=', '?token=wrong', `?token=${'x'.repeat(43)}`])('/%s is refused, and no cookie is given', async (query) => {
    const answer = await ask(`/${query}`);
    expect(answer.status).toBe(401);
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  test('the link gives a cookie that only our own page sends and no script reads, and the cookie lets in', async () => {
    const { status, headers } = await ask(`${url.pathname}${url.search}`);
    const [cookie = ''] = headers['set-cookie'] as string[];
    expect(status).toBe(200);
    expect(cookie).toMatch(new RegExp(`^outrigger-${url.port}=[\\w-]{43}; HttpOnly; SameSite=Strict; Path=/$`));
    expect((await ask('/', { headers: { cookie: String(cookie.split(';')[0]) } })).status).toBe(200);
  });

  test.each(['evil.example', '127.0.0.1', 'evil.example:PORT', '127.0.0.1.evil.example:PORT'])(
    'a request for host "%s" is refused, with the right token too: a name can be made to point here',
    async (name) => {
      const headers = { ...bearer(), host: name.replace('PORT', url.port) };
      for (const path of ['/', '/metrics', '/healthz']) expect((await ask(path, { headers })).status).toBe(421);
    },
  );

  test.each([{ origin: 'http://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }])(
    'what another site asks for is not done: %j',
    async (headers) => {
      const answer = await act({ action: 'disable', plugin: 'adds-tag' }, { ...bearer(), ...headers });
      expect(answer.status).toBe(403);
      expect((await ask('/api/trace?event=x', { headers: { ...bearer(), ...headers } })).status).toBe(403);
      expect(done).toEqual([]);
    },
  );

  test('every answer forbids sources from elsewhere, frames and guesses', async () => {
    for (const path of ['/', '/page.js', '/metrics', '/nowhere'])
      expect((await ask(path)).headers).toMatchObject({
        'content-security-policy': expect.stringMatching(/^default-src 'none'; script-src 'self';.*frame-ancestors 'none'$/),
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
      });
  });
});

describe('routes', () => {
  test('answer 404 for what is not there and 405 for the wrong method', async () => {
    expect((await ask('/nowhere', { headers: bearer() })).status).toBe(404);
    expect((await ask('/constructor', { headers: bearer() })).status).toBe(404);
    expect((await ask('/../../etc/passwd', { headers: bearer() })).status).toBe(404);
    expect((await ask('/api/plugins', { headers: bearer() })).status).toBe(405);
    expect((await ask('/healthz', { method: 'DELETE' })).status).toBe(405);
  });

  test('/healthz and /readyz tell a daemon that stops from one that serves', async () => {
    expect([(await ask('/healthz')).status, (await ask('/readyz')).status]).toEqual([200, 200]);
    state = 'stopping';
    expect([(await ask('/healthz')).status, (await ask('/readyz')).status]).toEqual([200, 503]);
  });

  test('/metrics counts the events since it was opened', async () => {
    await host.emit('app.save', DRAFT);
    const { headers, body } = await ask('/metrics');
    expect(headers['content-type']).toContain('text/plain; version=0.0.4');
    expect(body).toContain('outrigger_calls_total{plugin="adds-tag",hook="app.save",status="modified"} 1');
    expect(body).toContain('outrigger_daemon_clients 2');
  });

  test('/api/trace gives the record of an event, and 404 when it is gone', async () => {
    const { event } = await host.emit('app.save', DRAFT);
    const found = await ask(`/api/trace?event=${event}`, { headers: bearer() });
    expect(JSON.parse(found.body)).toMatchObject({ event, hook: 'app.save' });
    expect((await ask('/api/trace?event=gone', { headers: bearer() })).status).toBe(404);
  });

  test('/api/plugins restarts a plugin, and switches one', async () => {
    await host.emit('app.save', DRAFT);
    const pid = (): number | undefined => host.plugins().find(({ registered }) => registered.name === 'adds-tag')?.status?.pid;
    const before = pid();
    expect(JSON.parse((await act({ action: 'restart', plugin: 'adds-tag' })).body)).toEqual({ message: 'adds-tag was restarted' });
    expect(pid()).not.toBe(before);
    expect((await act({ action: 'disable', plugin: 'adds-tag' })).status).toBe(200);
    expect((await act({ action: 'enable', plugin: 'adds-tag' })).status).toBe(200);
    expect(done).toEqual(['adds-tag false', 'adds-tag true']);
  });

  test.each([
    [{ action: 'restart', plugin: 'nobody' }, 'no plugin has this name'],
    [{ action: 'explode', plugin: 'adds-tag' }, 'use restart, enable or disable'],
    [{}, 'use restart, enable or disable'],
    [[], 'use restart, enable or disable'],
    ['x', 'is no JSON object'],
    [{ action: 'x'.repeat(5000) }, 'is larger than 4096 bytes'],
  ])('/api/plugins says what is wrong with %j', async (body, why) => {
    const answer = await act(body);
    expect(answer.status).toBe(409);
    expect(answer.body).toContain(why);
  });
});

describe('bounds', () => {
  test('three hundred connections that say half a request keep nobody out, and are counted', async () => {
    const half = Array.from({ length: 300 }, () => connect(Number(url.port), '127.0.0.1'));
    for (const socket of half) socket.on('error', () => {}).resume();
    for (const socket of half) socket.write('GET /healthz HTTP/1.1\r\nHost: ');
    const closed = (): number => half.filter((socket) => socket.closed).length;
    await waitUntil(() => closed() === half.length - MAX_CONNECTIONS, 'those that are too many to be closed');
    expect((await ask('/healthz')).status).toBe(200);
    const [, dropped] = /^outrigger_http_connections_dropped_total (\d+)$/m.exec((await ask('/metrics')).body) ?? [];
    expect(Number(dropped)).toBeGreaterThan(half.length - MAX_CONNECTIONS);
    for (const socket of half) socket.destroy();
  });

  test('a page that shows the token stays open however many others come', async () => {
    const page = connect(Number(url.port), '127.0.0.1').resume();
    page.write(`GET /api/live HTTP/1.1\r\nHost: ${url.host}\r\nAuthorization: ${bearer()['authorization']}\r\n\r\n`);
    await once(page, 'data');
    const others = Array.from({ length: MAX_CONNECTIONS + 5 }, () => connect(Number(url.port), '127.0.0.1'));
    for (const socket of others) socket.on('error', () => {}).resume();
    await waitUntil(() => others.filter((socket) => socket.closed).length === 6, 'those that are too many to be closed');
    expect(page.closed).toBe(false);
    for (const socket of [page, ...others]) socket.destroy();
  });
});

describe('live updates', () => {
  test('tell of a crash while it is fresh', async () => {
    const socket = connect(Number(url.port), '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.write(`GET /api/live HTTP/1.1\r\nHost: ${url.host}\r\nAuthorization: ${bearer()['authorization']}\r\n\r\n`);
    await waitUntil(() => text.includes('event: plans'), 'the first message');
    await host.emit('app.save', { ...DRAFT, title: 'sin' });
    await waitUntil(() => /"failures":\["\w+"\]/.test(text) && /"lastExit":\{[^}]*"death":"crash"/.test(text), 'the crash');
    expect(text).toMatch(/content-type: text\/event-stream/i);
    socket.destroy();
  });

  test('are left out for a page that does not read them, and counted', async () => {
    const socket = connect(Number(url.port), '127.0.0.1').pause();
    socket.on('error', () => {});
    socket.write(`GET /api/live HTTP/1.1\r\nHost: ${url.host}\r\nAuthorization: ${bearer()['authorization']}\r\n\r\n`);
    const log = tail.tee(SILENT);
    const floodUntilLost = (): boolean => {
      for (let line = 0; line < 20; line++) log.info('x'.repeat(2000));
      return dashboard.lost > 5000;
    };
    await waitUntil(floodUntilLost, 'lines to be lost', 30_000);
    expect(dashboard.unreadBytes).toBeLessThan(2 * 1024 * 1024);
    socket.destroy();
  });

  test('end with the dashboard, whoever is looking', async () => {
    const socket = connect(Number(url.port), '127.0.0.1');
    socket.on('error', () => {});
    socket.resume();
    socket.write(`GET /api/live HTTP/1.1\r\nHost: ${url.host}\r\nAuthorization: ${bearer()['authorization']}\r\n\r\n`);
    await new Promise((resolve) => socket.once('data', resolve));
    await dashboard.close();
    await waitUntil(() => socket.closed, 'the connection to end');
    expect(dashboard.address).toBeUndefined();
  });
});
