import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { bubblewrap } from '../../../../host/sandbox/drivers/bubblewrap.ts';
import { folderWith, policyOf, runConfined, shell, specOf, startConfined } from '../../../support/confined.ts';
import { testWith } from '../../../support/needs.ts';

const test = testWith('bwrap', 'bubblewrap');
const hello = fileURLToPath(new URL('../../../../sample-plugins/hello', import.meta.url));

test('bubblewrap.confine() gives bwrap no environment, and nothing of the policy on its command line', () => {
  const [directory, granted] = [folderWith(), folderWith()];

  const enclosure = bubblewrap.confine(
    specOf(directory, ['/bin/true'], { SECRET: 'value' }),
    policyOf(directory, { dataDir: granted, read: [{ source: directory, target: '/x' }] }),
  );

  expect(enclosure.launch).toMatchObject({ env: {}, cwd: '/', isConfined: true });
  expect(JSON.stringify([enclosure.launch.command, enclosure.launch.args])).not.toMatch(new RegExp(`SECRET|value|${granted}|${directory}`));
  expect(enclosure.writable).toEqual([granted]);
});

test('bubblewrap: the plugin sees the system, its own folder and what it was granted, and can write its data alone', async () => {
  const [directory, read, write, dataDir] = [folderWith({ own: '' }), folderWith({ r: 'read' }), folderWith(), folderWith()];
  const options = {
    directory,
    dataDir,
    read: [{ source: read, target: '/granted/read' }],
    write: [{ source: write, target: '/granted/write' }],
  };

  const said = await shell(
    'ls -A /; pwd; ls; cat /granted/read/r; for d in / /plugin /granted /granted/read /granted/write /data /tmp /etc /usr /dev; do touch $d/new 2>/dev/null && echo "can write $d"; done',
    options,
  );

  expect(said.match(/can write \S+/g)).toEqual(['can write /granted/write', 'can write /data', 'can write /tmp']);
  expect(said).toContain('/plugin\nown\nread');
  expect(
    said
      .split('/plugin\n')[0]
      ?.split('\n')
      .filter((name) => !['lib32', 'libx32', 'lib64', ''].includes(name)),
  ).toEqual(['bin', 'data', 'dev', 'etc', 'granted', 'home', 'lib', 'plugin', 'proc', 'sbin', 'tmp', 'usr']);
});

test('bubblewrap: nothing of the host shows: users, host name, processes, devices, descriptors', async () => {
  // Its descriptors without a pipe or a redirection, for which the shell has one more for a moment.
  const said = await shell(
    'id -un; cat /etc/passwd | wc -l; cat /proc/sys/kernel/hostname; ls -d /proc/[0-9]* | wc -l; ls /dev | tr "\\n" " "; echo; cd /proc/$$/fd; for fd in *; do [ -h $fd ] && printf "%s " $fd; done; echo; cat /dev/null; head -c 2 /dev/zero | wc -c',
  );

  expect(said.split('\n')).toEqual([
    'plugin',
    '2',
    'plugin',
    // Its own few, some of them ended and not yet waited for.
    expect.stringMatching(/^[3-9]$/),
    'fd full null random shm stderr stdin stdout urandom zero ',
    '0 1 2 ',
    '2',
    '',
  ]);
});

test('bubblewrap: a plugin of a workspace finds its SDK and answers', async () => {
  const child = startConfined([process.execPath, 'plugin.ts'], { directory: hello, canFork: false });
  child.stdin.write('{"jsonrpc":"2.0","id":1,"method":"no/such/method","params":{}}\n');

  const line = String(await new Promise((resolve) => child.stdout.once('data', resolve)));

  expect(JSON.parse(line)).toMatchObject({ jsonrpc: '2.0', id: 1, error: {} });
  child.stdin.end();
  expect(await child.exited).toEqual({ code: 0 });
});

test('bubblewrap: Node runs TypeScript, modules and workers, and no child where it may not fork', async () => {
  const main = `import { Worker } from 'node:worker_threads';
    import { spawnSync } from 'node:child_process';
    import { x } from './x.ts';
    let child: string;
    try { child = String(spawnSync('/bin/true').status ?? 'none'); } catch (error) { child = (error as { code: string }).code; }
    new Worker('require("node:worker_threads").parentPort.postMessage(7)', { eval: true }).on('message', (m) => console.log(x, m, child));`;
  const directory = folderWith({ 'main.ts': main, 'x.ts': 'export const x: number = 3;', 'package.json': '{"type":"module"}' });

  const without = await runConfined([process.execPath, join(directory, 'main.ts')], { directory, canFork: false });
  const granted = await runConfined([process.execPath, 'main.ts'], { directory });

  expect(without).toMatchObject({ exit: { code: 0 }, stdout: expect.stringMatching(/^3 7 (ERR_ACCESS_DENIED|none)\n$/) });
  expect(granted).toMatchObject({ exit: { code: 0 }, stdout: '3 7 0\n' });
});

test('bubblewrap: a compile cache is used when the policy has one', async () => {
  const [cacheDir, directory] = [folderWith(), folderWith({ 'main.cjs': 'console.log(process.env.NODE_COMPILE_CACHE)' })];
  const env = { NODE_COMPILE_CACHE: '/somewhere/of/the/host' };

  expect((await runConfined([process.execPath, 'main.cjs'], { directory, env })).stdout).toBe('undefined\n');
  expect((await runConfined([process.execPath, 'main.cjs'], { directory, env, cacheDir })).stdout).toBe('/cache\n');
});

test('bubblewrap: bash scripts and Python run, with the name of their own folder', async () => {
  const directory = folderWith({
    'run.sh': '#!/usr/bin/env bash\necho "$0 $BASH_VERSION" | cut -d" " -f1',
    'x.py': 'import json, ssl, sqlite3; print(__file__)',
  });

  expect((await runConfined([join(directory, 'run.sh')], { directory })).stdout).toBe('/plugin/run.sh\n');
  expect((await runConfined(['/usr/bin/python3', join(directory, 'x.py')], { directory })).stdout).toBe('/plugin/x.py\n');
});

test('bubblewrap: a link in the plugin’s folder leads nowhere but into the sandbox', async () => {
  const outside = folderWith({ secret: 'canary' });
  const directory = folderWith();
  mkdirSync(join(directory, 'sub'));
  symlinkSync(join(outside, 'secret'), join(directory, 'sub/link'));

  expect(await shell('cat sub/link', { directory })).toContain('No such file');
});

test('bubblewrap: two sandboxes of one host do not see each other', async () => {
  const child = startConfined(['/bin/sh', '-c', 'echo started; exec sleep 61500']);
  await new Promise((resolve) => child.stdout.once('data', resolve));

  expect(await shell('cat /proc/*/cmdline | tr "\\0" " "', { plugin: 'other' })).not.toContain('61500');
});
