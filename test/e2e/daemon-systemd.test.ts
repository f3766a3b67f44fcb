import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { testWith, testWithAll } from '../support/needs.ts';
import { waitUntil } from '../support/wait-until.ts';
import { MAIN } from './cli-place.ts';
import { DaemonPlaceUnderTest } from './daemon-process.ts';

const testWithNotify = testWithAll({ 'systemd-notify': 'systemd', python3: 'python3' });
const testWithAnalyze = testWith('systemd-analyze', 'systemd');
const LISTENER = fileURLToPath(new URL('../host/daemon/control/plays-systemd.py', import.meta.url));
const UNITS = fileURLToPath(new URL('../../host/daemon/units/systemd/', import.meta.url));
// Listens as systemd does, and becomes the daemon with the socket as descriptor 3.
const ACTIVATES = `
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()), OUTRIGGER_SOCKET=sys.argv[1])
print('listening', flush=True)
os.execvp(sys.argv[2], sys.argv[2:])
`;
let place: DaemonPlaceUnderTest;

beforeEach(() => {
  place = new DaemonPlaceUnderTest();
});

afterEach(() => place.clear(), 30_000);

testWithNotify(
  'the daemon tells systemd that it is ready, alive, reloading and stopping',
  async () => {
    const heard: string[] = [];
    const systemd = spawn('python3', [LISTENER, place.path('notify')], { stdio: ['ignore', 'pipe', 'inherit'] });
    createInterface({ input: systemd.stdout }).on('line', (line) => heard.push(JSON.parse(line) as string));
    await waitUntil(() => heard.length === 1, 'the listener');
    Object.assign(place.env, { NOTIFY_SOCKET: place.path('notify'), WATCHDOG_USEC: '200000' });
    const { child, ended } = await place.up();
    const has = (text: string, count = 1) => waitUntil(() => heard.filter((message) => message.includes(text)).length >= count, text);

    await has('READY=1');
    await has('WATCHDOG=1', 2);
    child.kill('SIGHUP');
    await has('RELOADING=1\nMONOTONIC_USEC=');
    await has('READY=1', 2);
    child.kill('SIGTERM');
    await has('STOPPING=1');

    expect(await ended).toMatchObject({ code: 0 });
    expect(heard.find((message) => message.includes('READY=1'))).toContain(`MAINPID=${child.pid}`);
    systemd.kill();
  },
  30_000,
);

const testWithPython = testWith('python3', 'python3');

testWithPython(
  'a daemon that is started by its socket serves who connected before, and leaves the socket to systemd',
  async () => {
    place.plugin('quick', { 'conda.pre_command': {} });
    mkdirSync(place.runFolder, { recursive: true, mode: 0o700 });
    const socket = `${place.runFolder}/activated.sock`;
    const command = [process.execPath, '--conditions=@outrigger/source', MAIN, 'up'];
    const child = spawn('python3', ['-c', ACTIVATES, socket, ...command], { cwd: place.folder, env: place.env });
    child.stderr.resume();
    const ended = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
    await waitUntil(() => place.files().includes('activated.sock'), 'the socket');
    place.env['OUTRIGGER_SOCKET'] = socket;

    const client = await place.client();
    const outcome = await client.ask('emit', { hook: 'conda.pre_command', payload: { command: 'ls', args: [] } });
    const status = await place.run(['status', '--json']);
    const stopped = await place.run(['stop']);

    expect(outcome).toMatchObject({ result: { status: 'continued' } });
    expect(JSON.parse(status.stdout)).toMatchObject({ pid: child.pid, addresses: [socket] });
    expect(stopped.code).toBe(0);
    expect(await ended).toBe(0);
    expect(place.files()).toEqual(['activated.sock']);
  },
  30_000,
);

testWithAnalyze.each(['user', 'system'])('systemd-analyze finds nothing wrong in the units for a %s', (whose) => {
  const units = ['outrigger.service', 'outrigger.socket'].map((name) => `${UNITS}${whose}/${name}`);
  mkdirSync(place.path('run'), { recursive: true, mode: 0o700 });
  const env = { ...place.env, XDG_RUNTIME_DIR: place.path('run'), SYSTEMD_LOG_LEVEL: 'warning' };
  const args = ['verify', '--man=no', ...(whose === 'user' ? ['--user'] : []), ...units];
  const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { env, encoding: 'utf8' });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
});

testWithAnalyze('systemd-analyze does find what is wrong in a unit', async () => {
  const { writeFileSync } = await import('node:fs');
  writeFileSync(place.path('broken.service'), '[Service]\nType=notifies\nExecStart=relative\n');
  const { stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', place.path('broken.service')], { encoding: 'utf8' });
  expect(stderr).toContain('notifies');
});

test('the launchd property list is well-formed and starts the daemon in the foreground', () => {
  const text = readFileSync(new URL('../../host/daemon/units/launchd/outrigger.plist', import.meta.url), 'utf8');
  const words = [...text.matchAll(/<string>([^<]*)<\/string>/g)].map(([, word]) => word);
  expect(words).toEqual(expect.arrayContaining(['/usr/bin/env', 'outrigger', 'up']));
  for (const tag of ['plist', 'dict', 'array', 'key', 'string', 'integer'])
    expect(text.split(new RegExp(`<${tag}[ >]`)).length, tag).toBe(text.split(`</${tag}>`).length);
});
