import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished } from 'vitest';
import { launch } from '../../../host/process/launch.ts';
import { terminate } from '../../../host/process/terminate.ts';
import { bubblewrap } from '../../../host/sandbox/drivers/bubblewrap.ts';
import { enclose } from '../../../host/sandbox/enclose.ts';
import { childPid } from '../../../host/sandbox/enclosed-process.ts';
import { scratchFolder } from '../../../host/sandbox/scratch.ts';
import type { NetDenial } from '../../../host/sandbox/types.ts';
import { folderWith, policyOf, runConfined, specOf, startConfined, textOf } from '../../support/confined.ts';
import { testWith } from '../../support/needs.ts';

const test = testWith('bwrap', 'bubblewrap');
const DEPS = { log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }, onDenied: () => {} };

test('enclose() passes exit codes on, and deaths by signal as signals', async () => {
  const exits = await Promise.all(['exit 7', 'kill -SEGV $$', 'exit 0'].map((script) => runConfined(['/bin/sh', '-c', script])));

  expect(exits.map(({ exit }) => exit)).toEqual([{ code: 7 }, { signal: 'SIGSEGV' }, { code: 0 }]);
});

test('enclose() carries every byte both ways', async () => {
  const child = startConfined(['/bin/cat']);
  const bytes = randomBytes(4_000_000);
  const hash = createHash('sha256');
  child.stdin.end(bytes);

  for await (const chunk of child.stdout) hash.update(chunk as Buffer);

  expect(hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
});

test('enclose() says what holds the plugin', async () => {
  const child = startConfined(['/bin/cat']);

  expect(child.hold).toMatchObject({ driver: 'bubblewrap', grade: 'os', limits: expect.stringMatching(/^(hard|soft)$/) });
  child.stdin.end();
  expect(await child.exited).toEqual({ code: 0 });
});

test('enclose() gives a child that terminate() ends, kindly or not', async () => {
  const kind = startConfined(['/bin/sh', '-c', 'trap "exit 5" TERM; echo; while :; do sleep 0.1; done']);
  const stubborn = startConfined(['/bin/sh', '-c', 'trap "" TERM; echo; while :; do sleep 0.1; done']);
  await Promise.all([kind, stubborn].map((child) => new Promise((resolve) => child.stdout.once('data', resolve))));

  expect(await terminate(kind, 10_000)).toEqual({ code: 5 });
  expect(await terminate(stubborn, 100)).toEqual({ signal: 'SIGKILL' });
  expect(stubborn.signal('SIGTERM')).toBe(false);
});

test('enclose() reports memory that was exceeded as the reason of the death', async () => {
  // Shared memory: no limit of a single process counts it.
  const shared = 'import mmap\na = []\nwhile True: a.append(mmap.mmap(-1, 8_000_000)); a[-1].write(b"x" * 8_000_000)';

  const { exit } = await runConfined(['/usr/bin/python3', '-c', shared], { limits: { memoryMb: 128 } });

  expect(exit.limit?.kind).toBe('memory');
});

test('enclose() starts nothing where the kernel does not hold a limit that must be hard', async () => {
  const directory = folderWith();
  const enclosure = bubblewrap.confine(specOf(directory, ['/bin/true']), policyOf(directory));

  const child = enclose('test', { ...enclosure, mustLimit: ['no such limit' as 'cpu'] }, DEPS);

  expect((await child.exited).error).toMatchObject({
    code: 'PLUGIN_REFUSED',
    message: expect.stringContaining('does not limit no such limit here'),
  });
  expect(child.pid).toBeUndefined();
});

test('enclose() never throws: what cannot be started is an exit', async () => {
  const directory = folderWith();
  const enclosure = bubblewrap.confine(specOf(directory, ['/bin/true']), policyOf(directory));

  const child = enclose('test', { ...enclosure, launch: { ...enclosure.launch, command: '/no/such/bwrap' } }, DEPS);

  expect((await child.exited).error?.message).toContain('ENOENT');
  expect(child.pid).toBeUndefined();
  expect(child.signal('SIGTERM')).toBe(false);
});

test('enclose() lets a plugin run only when its network is open, and to the granted host alone', async () => {
  const server = createServer((_request, response) => response.end('granted'));
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const directory = folderWith();
  const script = `for (const url of ['http://127.0.0.1:${port}/', 'http://127.0.0.1:8099/']) {
    try { const r = await fetch(url); console.log(r.status, await r.text()) } catch { console.log('refused') } }`;
  const net = [{ host: '127.0.0.1', port, text: `127.0.0.1:${port}` }];
  const denials: NetDenial[] = [];
  const enclosure = bubblewrap.confine(
    specOf(directory, [process.execPath, '--input-type=module', '-e', script]),
    policyOf(directory, { net }),
  );

  const child = enclose('test', enclosure, { ...DEPS, onDenied: (denial) => denials.push(denial) });
  const [out, err, exit] = await Promise.all([textOf(child.stdout), textOf(child.stderr), child.exited]);

  expect([out, exit], err).toEqual([expect.stringMatching(/^200 granted\n(403 |refused)/), { code: 0 }]);
  expect(denials).toEqual([expect.objectContaining({ host: '127.0.0.1', port: 8099 })]);
});

test('enclose() ends a plugin whose network cannot be opened, before its first instruction', async () => {
  const directory = folderWith();
  const net = [{ host: 'example.org', port: 443, text: 'example.org' }];
  const enclosure = bubblewrap.confine(specOf(directory, ['/bin/echo', 'started']), policyOf(directory, { net }));

  const child = enclose('test', { ...enclosure, fds: { status: enclosure.fds.status as number } }, DEPS);
  const out = await textOf(child.stdout);

  expect((await child.exited).error?.message).toContain('Cannot open the network of plugin "test"');
  expect(out).toBe('');
});

test('enclose() keeps the files of a driver from the launch to the exit', async () => {
  const folder = scratchFolder();
  const launchSpec = { plugin: 'test', command: '/bin/sh', args: ['-c', `cat ${folder}/a/config.json; read -r go`], cwd: '/', env: {} };
  const directory = folderWith();
  const enclosure = bubblewrap.confine(specOf(directory, ['/bin/true']), policyOf(directory));

  const scratch = { folder, files: { 'a/config.json': 'of the driver' } };
  const child = enclose('test', { ...enclosure, fds: {}, launch: launchSpec, scratch }, DEPS);
  child.stdin.end('go\n');

  expect(await textOf(child.stdout)).toBe('of the driver');
  expect(await child.exited).toEqual({ code: 0 });
  expect(existsSync(folder)).toBe(false);
});

test('enclose() lets nothing run when the host dies while the gate is shut', async () => {
  const directory = folderWith();
  const net = [{ host: 'example.org', port: 443, text: 'example.org' }];
  const enclosure = bubblewrap.confine(specOf(directory, ['/bin/sh', '-c', 'echo started; exec sleep 60']), policyOf(directory, { net }));
  const child = launch(enclosure.launch);
  const inside = await childPid(child.pipes[enclosure.fds.status as number]);

  // What the kernel does to the pipes of a host that was killed.
  child.pipes[enclosure.fds.gate as number]?.destroy();
  const out = await textOf(child.stdout);

  expect(await child.exited).toEqual({ code: 125 });
  expect(out).toBe('');
  expect(existsSync(`/proc/${inside}/exe`)).toBe(false);
});
