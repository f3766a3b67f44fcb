import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CliPlace, finished, MAIN } from '../e2e/cli-place.ts';
import { isAlive } from '../support/supervise.ts';
import { waitUntil } from '../support/wait-until.ts';

const SLOW = "async () => { appendFileSync('inside', 'x'); await new Promise((resolve) => setTimeout(resolve, 1500)); return {}; }";
const HANGS = "async () => { appendFileSync('inside', 'x'); await new Promise(() => setInterval(() => {}, 1000)); }";
let place: CliPlace;
let child: ChildProcess | undefined;

beforeEach(() => {
  place = new CliPlace();
});

afterEach(() => {
  child?.kill('SIGKILL');
  place.remove();
});

function lines(...messages: readonly object[]): string {
  return messages.map((message) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`).join('');
}

function asked(hook: string, payload: object): string {
  return lines({ id: 1, method: 'hello', params: { protocol: 1 } }, { id: 2, method: 'emit', params: { hook, payload } });
}

async function pluginOf(name: string): Promise<number> {
  await waitUntil(() => existsSync(place.path('plugins', name, 'inside')), 'the event to be inside', 40_000);
  return Number(readFileSync(place.path('plugins', name, 'started'), 'utf8'));
}

test('outrigger up --stdio answers the event in flight when its stdin ends, then it ends, and its plugin too', async () => {
  place.plugin('slow', { 'conda.pre_command': {} }, SLOW);
  child = place.start(['up', '--stdio']);
  const done = finished(child);
  child.stdin?.write(asked('conda.pre_command', { command: 'ls', args: [] }));
  const plugin = await pluginOf('slow');
  child.stdin?.end();

  const { code, stdout, stderr } = await done;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const answers = stdout.trimEnd().split('\n');
  expect(answers.map((line) => JSON.parse(line))).toMatchObject([{ id: 1 }, { id: 2, result: { status: 'continued' } }]);
  expect(isAlive(plugin)).toBe(false);
}, 120_000);

test('outrigger up --stdio ends at once when the application that started it is killed inside an event', async () => {
  mkdirSync(place.path('catalog'));
  const hook = { description: 'Takes its time.', payload: { type: 'object' }, timeoutMs: 120_000, budgetMs: 120_000 };
  writeFileSync(place.path('catalog', 'catalog.json'), JSON.stringify({ name: 'app', hooks: { wait: hook } }));
  place.plugin('hangs', { 'app.wait': {} }, HANGS);
  place.config({ catalogs: ['./catalog'] });
  const args = JSON.stringify(['--conditions=@outrigger/source', MAIN, 'up', '--stdio']);
  const program = `const host = require('node:child_process').spawn(process.execPath, ${args}, { stdio: 'pipe' });
    require('node:fs').writeFileSync('host', String(host.pid));
    host.stdin.write(${JSON.stringify(asked('app.wait', {}))});`;
  child = spawn(process.execPath, ['-e', program], { cwd: place.folder, env: place.env });
  const plugin = await pluginOf('hangs');
  const host = Number(readFileSync(place.path('host'), 'utf8'));
  expect([isAlive(host), isAlive(plugin)]).toEqual([true, true]);

  child.kill('SIGKILL');

  await waitUntil(() => !isAlive(host) && !isAlive(plugin), 'host and plugin to be gone', 20_000);
}, 120_000);
