import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Catalog, catalogs } from '@outrigger/schemas';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  addFlag,
  type CommandHook,
  DEFAULT,
  exit,
  type Hooks,
  type InvocationData,
  initiate,
  type Program,
} from '../../../../host/command/index.ts';
import type { CatalogSource } from '../../../../host/daemon/define-catalog.ts';
import { createHost } from '../../../../host/daemon/host.ts';
import type { Host } from '../../../../host/daemon/types.ts';
import { testWith } from '../../../support/needs.ts';
import { AnsweringPlugins } from './answering-plugin.ts';

const testWithPython = testWith('python3', 'python3');
const testWithBash = testWith('bash', 'bash');

class Settings {
  word = 'hello';
  times = 1;
  /** No data: no plugin sees it, and none may lose it. */
  format = (text: string): string => `<${text}>`;
}

class Greet {
  readonly settings: Settings;
  suffix = '';
  constructor(settings: Settings) {
    this.settings = settings;
  }
  run(): string {
    const { word, times, format } = this.settings;
    return format(Array(times).fill(word).join(' ')) + this.suffix;
  }
}

let folder: string;
let plugins: AnsweringPlugins;
let host: Host | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-slots-'));
  plugins = new AnsweringPlugins(folder);
});

afterEach(async () => {
  await host?.close();
  host = undefined;
  await rm(folder, { recursive: true, force: true });
});

const load: CommandHook<InvocationData> = Object.defineProperty(
  (data: InvocationData) => {
    data.configs['settings'] = new Settings();
  },
  'name',
  { value: 'default' },
);

async function greeting(): Promise<Program> {
  host = await plugins.open();
  await mkdir(join(folder, 'work'));
  return initiate({ host, cwd: join(folder, 'work'), hooks: { config_hook: load } }).register('greet', Greet, {
    configs: { settings: Settings },
  });
}

testWithPython('runSlot() lets a remote plugin fill any slot', async () => {
  const slots = ['pre_config_hook', 'config_hook', 'post_config_hook', 'pre_init_hook', 'init_hook', 'post_init_hook'];
  const hooks = [...slots, 'parser_hook', 'pre_run_hook', 'run_hook', 'post_run_hook'];
  const functions = hooks
    .map(
      (slot) =>
        `def ${slot}(payload, params):\n    return {"state": [*params.get("state", []), "${slot}"], "metadata": {"sees": sorted(payload)}}`,
    )
    .join('\n');
  await plugins.python('watcher', Object.fromEntries(hooks.map((slot) => [slot, {}])), functions);
  const program = await greeting();
  expect(await program.wake(['greet'])).toMatchObject({ status: 'ended', result: '<hello>' });
  const traces = (host as Host).traces();
  expect(traces.map(({ hook }) => hook)).toEqual(
    ['parser', 'pre_config', 'config', 'post_config', 'pre_init', 'init', 'post_init', 'pre_run', 'run', 'post_run'].map(
      (slot) => `coma.${slot}_hook`,
    ),
  );
  expect(new Set(traces.slice(1).map(({ operation }) => operation)).size).toBe(1);
  expect(traces.flatMap(({ answers }) => answers).filter(({ status }) => status === 'failed')).toEqual([]);
});

testWithPython('runSlot() hands what a plugin changes to hooks and the command, and keeps what is no data', async () => {
  await plugins.python(
    'shouter',
    { parser_hook: {}, post_config_hook: { after: ['default'] }, pre_run_hook: {}, post_run_hook: {} },
    `
def parser_hook(payload, params):
    return {"action": "modify", "changes": {"flags": {"loud": {"flags": ["--loud"], "type": "boolean"}}}}
def post_config_hook(payload, params):
    word = payload["configs"]["settings"]["word"]
    return {"action": "modify", "changes": {"configs": {"settings": {"word": word.upper() if payload["known_args"]["loud"] else word}}}}
def pre_run_hook(payload, params):
    return {"action": "modify", "changes": {"command": {"fields": {"suffix": "?"}}}}
def post_run_hook(payload, params):
    return {"action": "modify", "changes": {"result": payload["result"] + "!"}}
`,
  );
  const program = await greeting();
  // The plugin stands after the default, so it sees the override.
  expect(await program.wake(['greet', '--loud', 'word=hey', 'times=2'])).toMatchObject({ result: '<HEY HEY>?!' });
  expect(await program.wake(['greet'])).toMatchObject({ result: '<hello>?!' });
});

testWithPython('runSlot() skips what a slot does when a plugin before the default replaces it', async () => {
  await plugins.python(
    'source',
    { config_hook: {}, init_hook: {}, run_hook: { match: { name: 'calm' } } },
    `
def config_hook(payload, params):
    return {"action": "replace", "value": {"settings": {"word": "remote"}}}
def init_hook(payload, params):
    return {"action": "replace", "value": {"fields": {"settings": payload["configs"]["settings"], "suffix": "~"}}}
def run_hook(payload, params):
    return {"action": "replace", "value": {"result": 42}}
`,
  );
  const plain = { word: 'plain', times: 1 };
  const seen: unknown[] = [];
  class Show extends Greet {
    override run(): string {
      seen.push(this.settings.word);
      return this.settings.word + this.suffix;
    }
  }
  host = await plugins.open();
  const program = initiate({ host, cwd: folder, configs: { settings: plain } })
    .register('greet', Show)
    .register('calm', Show);
  expect(await program.wake(['greet'])).toMatchObject({ result: 'remote~' });
  expect(await program.wake(['calm'])).toMatchObject({ result: 42 });
  expect(seen).toEqual(['remote']);
  expect(await readdir(folder)).not.toContain('settings.yaml');
});

testWithBash('runSlot() ends the program in order when a plugin asks for it, and mixes with hooks of this process', async () => {
  await plugins.bash(
    'dry-run',
    { pre_run_hook: { after: ['last'] } },
    '{"action":"replace","value":{"exit_code":0,"message":"would greet"}}',
  );
  const calls: string[] = [];
  const program = await greeting();
  program.register('mixed', () => calls.push('ran'), {
    hooks: {
      pre_run_hook: [
        function first() {
          calls.push('first');
        },
        function last() {
          calls.push('last');
        },
      ],
    },
  });
  expect(await program.wake(['mixed'])).toEqual({ status: 'exited', exitCode: 0, message: 'would greet' });
  expect(calls).toEqual(['first', 'last']);
});

testWithBash('runSlot() stops a command that a plugin blocks, and no other', async () => {
  await plugins.bash(
    'guard',
    { parser_hook: { match: { name: 'greet' } } },
    '{"action":"block","violation":{"code":"NOT_NOW","reason":"not today"}}',
  );
  const program = (await greeting()).register('other', () => 1);
  expect(await program.wake(['greet', '--whatever'])).toMatchObject({
    status: 'blocked',
    slot: 'parser_hook',
    by: 'guard',
    cause: 'verdict',
    violation: { code: 'NOT_NOW' },
  });
  expect(await program.wake(['other'])).toMatchObject({ result: 1 });
});

testWithPython('runSlot() stops the command when a guard crashes, before it runs', async () => {
  await plugins.python('guard', { pre_run_hook: { mode: 'concurrent' } }, 'def pre_run_hook(payload, params):\n    sys.exit(3)');
  const calls: string[] = [];
  const program = (await greeting()).register('job', () => calls.push('ran'));
  expect(await program.wake(['job'])).toMatchObject({
    status: 'blocked',
    by: 'guard',
    cause: 'failure',
    violation: { code: 'PLUGIN_EXITED' },
  });
  expect(calls).toEqual([]);
});

testWithPython('runSlot() refuses a plugin that changes more than the slot lets it', async () => {
  await plugins.python(
    'thief',
    { run_hook: {} },
    'def run_hook(payload, params):\n    return {"action": "modify", "changes": {"configs": {"settings": {"word": "x"}}}}',
  );
  const program = await greeting();
  expect(await program.wake(['greet'])).toMatchObject({ status: 'blocked', cause: 'failure', violation: { code: 'ANSWER_NOT_WRITABLE' } });
});

testWithPython('runSlot() keeps a config that a plugin adds a dangerous key to as it was', async () => {
  await plugins.python(
    'polluter',
    { post_config_hook: {} },
    'def post_config_hook(payload, params):\n    return {"action": "modify", "changes": {"configs": {"settings": {"__proto__": {"polluted": True}}}}}',
  );
  const program = await greeting();
  const end = await program.wake(['greet']);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  expect(end).toMatchObject({ result: '<hello>' });
});

testWithPython('runSlot() says so when a plugin loses a config', async () => {
  await plugins.python(
    'loser',
    { pre_init_hook: {} },
    'def pre_init_hook(payload, params):\n    return {"action": "modify", "changes": {"configs": {"settings": None}}}',
  );
  const program = await greeting();
  await expect(program.wake(['greet'])).rejects.toThrow('config "settings" is not there after "pre_init_hook"');
});

testWithPython('runSlot() shows plugins what hooks before them changed', async () => {
  await plugins.python(
    'reader',
    { pre_run_hook: { after: ['hook'] }, pre_config_hook: { after: ['hook'] } },
    `
def pre_config_hook(payload, params):
    return {"action": "modify", "changes": {"unknown_args": payload["unknown_args"] + ["word=" + payload["known_args"]["extra"]]}}
def pre_run_hook(payload, params):
    return {"action": "replace", "value": {"exit_code": 5, "message": json.dumps(payload["command"]["fields"])}}
`,
  );
  const program = await greeting();
  program.register('look', Greet, {
    configs: { settings: Settings },
    hooks: {
      parser_hook: [DEFAULT, addFlag('extra', { flags: ['--extra'] })],
      pre_config_hook: function hook({ knownArgs }) {
        knownArgs['extra'] = 'said';
      },
      pre_run_hook: function hook(data) {
        (data.command as Greet).suffix = 'set here';
      },
    },
  });
  expect(await program.wake(['look'])).toEqual({
    status: 'exited',
    exitCode: 5,
    message: '{"settings": {"word": "said", "times": 1}, "suffix": "set here"}',
  });
});

testWithBash('runSlot() names hooks and default behaviour in the plan and the trace', async () => {
  await plugins.bash('plugin', { run_hook: {} }, '{}');
  const program = await greeting();
  const wrap: CommandHook<InvocationData> = () => undefined;
  program.register('named', () => 1, { hooks: { run_hook: [wrap, wrap, DEFAULT, () => exit(0)] } });
  expect(await program.wake(['named'])).toMatchObject({ status: 'exited', exitCode: 0 });
  const trace = (host as Host).traces().at(-1);
  expect(trace?.plan.flat().map((entry) => (entry as { plugin: string }).plugin)).toEqual([
    'plugin',
    'wrap',
    'wrap-2',
    'default',
    'handler',
  ]);
});

testWithBash('runSlot() leaves nothing of a command in the host', async () => {
  await plugins.bash('plugin', { run_hook: {} }, '{}');
  const program = await greeting();
  await program.wake(['greet']);
  expect((host as Host).hooks().find(({ name }) => name === 'coma.run_hook')?.subscribers).toEqual(['plugin']);
});

testWithBash('runSlot() lets handlers that the application added to the host take part', async () => {
  await plugins.bash('plugin', { run_hook: {} }, '{}');
  const program = await greeting();
  const app = host as Host;
  app.on('coma.post_config_hook', () => ({ action: 'modify', changes: { configs: { settings: { word: 'app' } } } }), {
    after: ['default'],
  });
  const off = app.default('coma.run_hook', () => ({ action: 'replace', value: { result: 'instead' } }));
  expect(await program.wake(['greet', 'word=mine'])).toMatchObject({ result: 'instead' });
  off();
  expect(await program.wake(['greet', 'word=mine'])).toMatchObject({ result: '<app>' });
});

testWithBash('runSlot() asks the plugins of the session that the program is given', async () => {
  await plugins.bash('plugin', { run_hook: {} }, '{"action":"replace","value":{"result":"session"}}');
  host = await plugins.open({ plugin: { scope: 'session' } });
  await using session = host.session({ plugins: ['plugin'] });
  const run = (): string => 'own';
  expect(await initiate({ host, cwd: folder }).register('x', run).wake(['x'])).toMatchObject({ result: 'own' });
  expect(await initiate({ host: session, cwd: folder }).register('x', run).wake(['x'])).toMatchObject({ result: 'session' });
});

testWithPython('runSlot() keeps invocations apart that run at the same time, one inside another too', async () => {
  await plugins.python(
    'tagger',
    { post_run_hook: {} },
    'def post_run_hook(payload, params):\n    return {"action": "modify", "changes": {"result": payload["result"] + "!"}}',
  );
  const program = await greeting();
  program.register('nest', async () => {
    const inner = await program.wake(['greet', 'word=inner']);
    return inner.status === 'ended' ? `${inner.result} nested` : inner.status;
  });
  const words = ['a', 'b', 'c', 'd'];
  const ends = await Promise.all([...words.map((word) => program.wake(['greet', `word=${word}`])), program.wake(['nest'])]);
  expect(ends.map((end) => (end.status === 'ended' ? end.result : end.status))).toEqual([
    '<a>!',
    '<b>!',
    '<c>!',
    '<d>!',
    '<inner>! nested!',
  ]);
});

testWithBash('runSlot() shows hooks what plugins before them changed', async () => {
  await plugins.bash('early', { post_run_hook: {} }, '{"action":"modify","changes":{"result":"from the plugin"}}');
  const program = await greeting();
  const add = ({ result }: InvocationData): { result: string } => ({ result: `${result}, seen` });
  program.register('seen', () => 'own', { hooks: { post_run_hook: add } });
  expect(await program.wake(['seen'])).toMatchObject({ result: 'from the plugin, seen' });
});

test('runSlot() waits for hooks of this process as long as they take, whatever the clocks of the catalog', async () => {
  const coma = structuredClone(catalogs['coma']) as Catalog;
  for (const hook of Object.values(coma.hooks)) Object.assign(hook, { timeoutMs: 100, budgetMs: 200 });
  host = await createHost({
    config: { catalogs: [] },
    catalogs: [coma as unknown as CatalogSource],
    env: { PATH: process.env['PATH'], HOME: folder },
  });
  const run = (): Promise<string> => new Promise((resolve) => setTimeout(() => resolve('late'), 400));
  const hooks: Hooks = { run_hook: ({ result }) => ({ result: `${result}, and seen` }) };
  expect(await initiate({ host, cwd: folder }).register('slow', run, { hooks }).wake(['slow'])).toMatchObject({ result: 'late, and seen' });
});
