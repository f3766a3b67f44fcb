import { once } from 'node:events';
import { readFileSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HookMap } from '@outrigger/schemas';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { SANDBOX } from '../../test/samples/samples.ts';
import { readManifest } from '../../test/sdk/typescript/plugin-process.ts';
import { folderWith } from '../../test/support/confined.ts';
import { type AppHost, Hosts } from '../../test/support/hosts.ts';
import { testWith } from '../../test/support/needs.ts';
import { waitUntil } from '../../test/support/wait-until.ts';

let hosts = new Hosts();
beforeEach(() => {
  hosts = new Hosts();
});
afterEach(() => hosts.close());

const MESSAGE = `The following packages are not available from current channels:

  - numpyy==2
  - a-package-of-mine

Current channels:

  - https://repo.example.com/main`;

const failure: HookMap['conda.on_exception']['payload'] = {
  command: 'install',
  args: ['numpyy'],
  cwd: '/home/ada',
  error: 'PackagesNotFoundError',
  errorClasses: ['PackagesNotFoundError', 'CondaError', 'Exception'],
  message: MESSAGE,
  channels: ['defaults'],
  subdir: 'linux-64',
  condaVersion: '26.7.0',
};

interface Place {
  readonly host: AppHost;
  readonly reports: unknown[];
  readonly logged: string[];
}

/** A host with the plugin, whose server answers with this status, or never. */
async function open(status: number | 'silent' = 204): Promise<Place> {
  const reports: unknown[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    request.on('end', () => {
      reports.push(JSON.parse(text));
      if (status !== 'silent') response.writeHead(status).end();
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => server.close().closeAllConnections());
  const place = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const read = (file: string): string => readFileSync(join(import.meta.dirname, file), 'utf8');
  const root = folderWith({
    'plugin/plugin.ts': read('plugin.ts'),
    'plugin/plugin.yaml': read('plugin.yaml').replace('[packages.example.com]', `["${place}"]`),
  });
  symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(root, 'node_modules'));
  const path = join(root, 'plugin');
  const grant = { net: [place], services: ['net/fetch'] };
  const logged: string[] = [];
  const keep = (message: string): void => void logged.push(message);
  const log = { debug: () => undefined, info: keep, warn: keep, error: keep };
  const entry = { path, trust: 'none', grant, config: { url: `http://${place}/missing` } } as const;
  const host = await hosts.open({}, { log, config: { plugins: { 'missing-package-report': entry } } });
  return { host, reports, logged };
}

test('missing-package-report has a valid manifest', () => {
  expect(readManifest(import.meta.dirname).problems).toEqual([]);
});

testWith(...SANDBOX)('missing-package-report sends the missing packages, where they were looked for, and nothing else', async () => {
  const { host, reports } = await open();

  await host.emit('conda.on_exception', failure);
  await waitUntil(() => reports.length > 0, 'the report');

  const packages = ['numpyy==2', 'a-package-of-mine'];
  expect(reports).toEqual([{ packages, channels: ['defaults'], subdir: 'linux-64', condaVersion: '26.7.0' }]);
});

testWith(...SANDBOX)('missing-package-report sends nothing offline, for a dry run, without a package and for other errors', async () => {
  const { host, reports } = await open();

  await host.emit('conda.on_exception', { ...failure, offline: true });
  await host.emit('conda.on_exception', { ...failure, dryRun: true });
  await host.emit('conda.on_exception', { ...failure, message: 'Not found.' });
  await host.emit('conda.on_exception', { ...failure, error: 'CondaError', errorClasses: ['CondaError'] });
  await host.emit('conda.on_exception', { ...failure, message: '  - the-last-one' });
  await waitUntil(() => reports.length > 0, 'the last report');

  expect(reports).toMatchObject([{ packages: ['the-last-one'] }]);
});

testWith(...SANDBOX).each<[string, number | 'silent', string]>([
  ['refuses', 503, 'it answered 503'],
  ['does not answer within 2 seconds', 'silent', '2000 ms'],
])('missing-package-report writes one line when the server %s', async (_what, status, line) => {
  const { host, logged } = await open(status);

  const outcome = await host.emit('conda.on_exception', failure);
  await waitUntil(() => logged.length > 0, 'the line in the log');

  expect(outcome.status).toBe('continued');
  expect(logged).toEqual([expect.stringContaining(line)]);
});
