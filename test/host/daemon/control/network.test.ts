import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AnyHost } from '../../../../host/daemon/clients/types.ts';
import { Daemon } from '../../../../host/daemon/control/daemon.ts';
import { type NetworkOptions, openNetwork, parseAddress } from '../../../../host/daemon/control/network.ts';
import { daemonPlace } from '../../../../host/daemon/control/place.ts';
import { MAX_STRANGERS } from '../../../../host/daemon/control/types.ts';
import type { Logger } from '../../../../host/protocol/types.ts';
import { Hosts } from '../../../support/hosts.ts';
import { testWith } from '../../../support/needs.ts';
import { waitUntil } from '../../../support/wait-until.ts';
import { RawClient } from './raw-client.ts';

const testWithOpenssl = testWith('openssl', 'openssl');
const TOKEN = 'a-token-of-thirty-two-characters';
const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
let folder: string;
let hosts: Hosts;
let closing: (() => unknown)[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-net-'));
  hosts = new Hosts();
  closing = [];
});

afterEach(async () => {
  for (const close of closing.reverse()) await close();
  await hosts.close();
  await rm(folder, { recursive: true, force: true });
});

async function files(token: string = TOKEN): Promise<NetworkOptions> {
  const [certFile, keyFile, tokenFile] = ['cert.pem', 'key.pem', 'token'].map((name) => join(folder, name)) as [string, string, string];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyFile];
  execFileSync('openssl', ['req', '-x509', '-days', '2', ...key, '-out', certFile, ...subject], { stdio: 'ignore' });
  await chmod(keyFile, 0o600);
  await writeFile(tokenFile, `${token}\n`);
  await chmod(tokenFile, 0o600);
  return { host: '127.0.0.1', port: 0, certFile, keyFile, tokenFile };
}

async function serving(network: NetworkOptions, log: Logger = SILENT): Promise<number> {
  const env = { HOME: folder, XDG_RUNTIME_DIR: join(folder, 'run') };
  const place = await daemonPlace({ config: undefined, cwd: folder, env });
  const host = (await hosts.open({}, { log })) as unknown as AnyHost;
  const daemon = await Daemon.open({
    host,
    place,
    env,
    log: SILENT,
    configFiles: [],
    onReload: () => ({ applied: true, problems: [] }),
    network,
  });
  closing.push(() => {
    daemon.stop();
    return daemon.stopped;
  });
  return Number(daemon.status().addresses[1]?.split(':')[1]);
}

async function client(port: number, ca: string): Promise<RawClient> {
  const one = new RawClient(connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: await readFile(ca) }));
  closing.push(() => one.close());
  return one;
}

testWithOpenssl('a daemon on a network serves who says its token over TLS', async () => {
  const network = await files();
  const one = await client(await serving(network), network.certFile);
  expect((await one.ask('hello', { protocol: 1, token: TOKEN })).result).toMatchObject({ protocol: 1 });
  expect((await one.ask('ping')).result).toEqual({});
});

testWithOpenssl('a daemon says which client on the network had something done', async () => {
  const network = await files();
  const said: string[] = [];
  const one = await client(await serving(network, { ...SILENT, info: (message) => said.push(message) }), network.certFile);
  await one.ask('hello', { protocol: 1, token: TOKEN, name: 'app', pid: 7 });
  const port = one.socket.localPort;
  await one.ask('stop');
  expect(said).toContain(`stop by app at 127.0.0.1:${port}`);
});

testWithOpenssl.each([{}, { token: '' }, { token: 'a-token-of-thirty-two-character' }, { token: `${TOKEN}x` }])(
  'a daemon on a network refuses %j and ends the connection',
  async (said) => {
    const network = await files();
    const one = await client(await serving(network), network.certFile);
    expect((await one.ask('hello', { protocol: 1, ...said })).error).toMatchObject({
      data: { code: 'PERMISSION_DENIED' },
      message: 'Cannot serve the client: its token is not the one of this daemon',
    });
    await waitUntil(() => one.isClosed, 'the connection to end');
  },
);

testWithOpenssl('a daemon on a network answers nothing before the token, and does not speak without TLS', async () => {
  const network = await files();
  const port = await serving(network);
  const one = await client(port, network.certFile);
  expect((await one.ask('status')).error?.data.code).toBe('REQUEST_INVALID');
  const plain = connectPlain(port, '127.0.0.1');
  closing.push(() => plain.destroy());
  let text = '';
  plain.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  plain.on('error', () => {});
  plain.write('{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":1}}\n');
  await waitUntil(() => plain.closed, 'the plain connection to end');
  expect(text).not.toContain('jsonrpc');
});

testWithOpenssl('a daemon on a network has room for few who have not said their token', async () => {
  const network = await files();
  const port = await serving(network);
  const strangers = await Promise.all(Array.from({ length: MAX_STRANGERS + 1 }, () => client(port, network.certFile)));
  await waitUntil(() => strangers.some(({ said }) => said.length > 0), 'one to be refused');
  expect(strangers.flatMap(({ said }) => said)).toMatchObject([{ id: null, error: { data: { code: 'SERVICE_BUSY' } } }]);
});

testWithOpenssl('openNetwork() refuses a token that others may read, and one that is too short', async () => {
  const network = await files();
  await chmod(network.tokenFile, 0o644);
  await expect(openNetwork(network)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('others may read it'),
  });
  await expect(openNetwork(await files('short'))).rejects.toMatchObject({
    message: expect.stringContaining('it has 5 characters; write 16 to 1000'),
  });
});

testWithOpenssl('openNetwork() refuses files that are missing or no certificate', async () => {
  const network = await files();
  await expect(openNetwork({ ...network, certFile: join(folder, 'no') })).rejects.toMatchObject({
    message: expect.stringMatching(/^Cannot read the certificate: ENOENT/),
  });
  await expect(openNetwork({ ...network, certFile: network.tokenFile })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});

test.each([
  ['127.0.0.1:7411', { host: '127.0.0.1', port: 7411 }],
  ['localhost:0', { host: 'localhost', port: 0 }],
  ['[::1]:80', { host: '::1', port: 80 }],
  ['7411', undefined],
  [':7411', undefined],
  ['::1:80', undefined],
  ['host:65536', undefined],
  ['host:', undefined],
  ['a b:1', undefined],
])('parseAddress() takes %s apart', (text, address) => {
  expect(parseAddress(text)).toEqual(address);
});
