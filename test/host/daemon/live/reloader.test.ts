import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config, PluginEntry } from '@outrigger/schemas';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defineCatalog } from '../../../../host/daemon/define-catalog.ts';
import { createHost } from '../../../../host/daemon/host.ts';
import { type AppHost, DRAFT, Hosts } from '../../../support/hosts.ts';
import { isAlive } from '../../../support/supervise.ts';
import { waitUntil } from '../../../support/wait-until.ts';

let hosts: Hosts;

beforeEach(() => {
  hosts = new Hosts();
});

afterEach(() => hosts.close());

interface Code {
  readonly tag: string;
  /** What it does with a call, beside writing the event into the file `seen`. */
  readonly body?: string;
  /** What it does before it reads anything. */
  readonly first?: string;
  readonly hooks?: string;
}

/** A plugin that writes down every event it was asked about, and tags it. */
async function write(name: string, { tag, body = '', first = '', hooks = '{"app.save": {}}' }: Code): Promise<string> {
  const folder = join(await hosts.home, 'plugins', name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'plugin.json'),
    `{"name": "${name}", "version": "1.0.0", "runtime": {"command": "node", "args": ["plugin.mjs"]}, "hooks": ${hooks}}`,
  );
  writeFileSync(
    join(folder, 'plugin.mjs'),
    `import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
${first}
const say = (message) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n');
let config = {};
createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id, method, params } = JSON.parse(line);
  if (method === 'initialize' || method === 'config/changed') config = params.config;
  if (method === 'hook/invoke') {
    appendFileSync(${JSON.stringify(join(folder, 'seen'))}, params.event + ' ${tag}\\n');
    ${body}
    say({ id, result: { action: 'modify', changes: { tags: [...params.payload.tags, '${tag}'] }, metadata: { pid: process.pid, config } } });
  } else if (id !== undefined) say({ id, result: {} });
}).on('close', () => process.exit(0));
`,
  );
  return folder;
}

async function seen(name: string): Promise<string[]> {
  const file = join(await hosts.home, 'plugins', name, 'seen');
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
}

type Entries = NonNullable<Config['plugins']>;

async function entry(name: string, more: PluginEntry = {}): Promise<Entries> {
  return { [name]: { path: join(await hosts.home, 'plugins', name), trust: 'full', ...more } };
}

async function opened(plugins: Entries, more: Partial<Config> = {}): Promise<{ host: AppHost; config: Config }> {
  const config: Config = { catalogs: [], plugins, ...more };
  return { host: await hosts.open({}, { config }), config };
}

async function tags(host: Pick<AppHost, 'emit'>): Promise<string[]> {
  return (await host.emit('app.save', DRAFT)).payload.tags;
}

test('reload() under load: every event is answered once, by the old version or the new, and none fails', async () => {
  await write('counter', { tag: 'one', body: 'await new Promise((resolve) => setTimeout(resolve, 3));' });
  const { host } = await opened(await entry('counter'), { limits: { queueCalls: 5000 } });
  await tags(host);
  let inFlight = 0;
  let sent = 1;
  const wrong: unknown[] = [];
  const versions = new Map<string, number>();
  let isOver = false;
  const fire = async (): Promise<void> => {
    inFlight += 1;
    sent += 1;
    const { status, payload, failOpens } = await host.emit('app.save', DRAFT);
    inFlight -= 1;
    const [version = 'none'] = payload.tags;
    versions.set(version, (versions.get(version) ?? 0) + 1);
    if (status !== 'continued' || failOpens.length > 0 || payload.tags.length !== 1) wrong.push({ status, tags: payload.tags });
  };
  const load = (async () => {
    while (!isOver) {
      while (inFlight < 1000) void fire();
      await new Promise(setImmediate);
    }
  })();

  for (const tag of ['two', 'three', 'four']) {
    await write('counter', { tag, body: 'await new Promise((resolve) => setTimeout(resolve, 3));' });
    expect(await host.reload({ changed: ['counter'] })).toEqual({ applied: true, problems: [] });
    const before = versions.get(tag) ?? 0;
    await waitUntil(() => (versions.get(tag) ?? 0) > before + 500, `version ${tag} to answer`, 20_000);
  }
  isOver = true;
  await load;
  await waitUntil(() => inFlight === 0, 'the last event to be over', 20_000);

  expect(wrong).toEqual([]);
  const events = (await seen('counter')).map((line) => line.split(' ')[0]);
  expect(sent).toBeGreaterThan(2000);
  expect(events).toHaveLength(sent);
  expect(new Set(events).size).toBe(sent);
  expect(host.plugins()[0]?.status).toMatchObject({ answered: sent, failed: {}, restarts: 0, starts: 4 });
}, 90_000);

test('reload() takes over a plugin that came, one that went, another mode and another priority', async () => {
  await write('a', { tag: 'a' });
  await write('b', { tag: 'b' });
  const { host, config } = await opened(await entry('a'));
  expect(await tags(host)).toEqual(['a']);
  const both = { ...config, plugins: { ...(await entry('a')), ...(await entry('b', { priority: 10 })) } };

  expect(await host.reload({ config: both })).toEqual({ applied: true, problems: [] });
  expect(await tags(host)).toEqual(['b', 'a']);
  await host.reload({ config: { ...both, plugins: { ...both.plugins, ...(await entry('b', { priority: 90 })) } } });
  expect(await tags(host)).toEqual(['a', 'b']);
  await host.reload({ config: { ...both, plugins: { ...both.plugins, ...(await entry('b', { mode: 'audit' })) } } });
  expect(await tags(host)).toEqual(['a']);
  const { pid } = host.plugins()[0]?.status ?? {};
  await host.reload({ config: { ...config, plugins: { ...(await entry('b')), ...(await entry('a', { enabled: false })) } } });
  expect(await tags(host)).toEqual(['b']);
  await waitUntil(() => !isAlive(pid as number), 'the process of the plugin that was switched off to be gone');
  expect(await host.reload({ config })).toMatchObject({ applied: true });
  expect(await tags(host)).toEqual(['a']);
});

test('reload() keeps the process of a plugin when only its configuration, mode or place changed', async () => {
  await write('a', { tag: 'a' });
  const { host, config } = await opened(await entry('a', { config: { level: 1 } }));
  const first = (await host.emit('app.save', DRAFT)).trace.answers[0]?.metadata;

  await host.reload({ config: { ...config, plugins: await entry('a', { config: { level: 2 }, priority: 3 }) } });
  await waitUntil(async () => {
    const now = (await host.emit('app.save', DRAFT)).trace.answers[0]?.metadata;
    return JSON.stringify(now) === JSON.stringify({ ...first, config: { level: 2 } });
  }, 'the running process to have the new configuration');
  expect(host.plugins()[0]?.status?.starts).toBe(1);
});

test('reload() of a broken configuration changes nothing and says why', async () => {
  await write('a', { tag: 'a' });
  const { host } = await opened(await entry('a'));
  await tags(host);

  const result = await host.reload({ config: { plugins: 7 } as never });

  expect(result).toMatchObject({ applied: false, reason: expect.stringContaining('Cannot use the configuration: /plugins') });
  expect(host.lastReload).toMatchObject({ ...result, time: expect.any(String) });
  expect(await tags(host)).toEqual(['a']);
});

test('reload() keeps a plugin whose new version does not start as it was, takes over all others, and says so', async () => {
  await write('good', { tag: 'good1' });
  await write('bad', { tag: 'bad1' });
  const { host } = await opened({ ...(await entry('good')), ...(await entry('bad')) });
  expect(await tags(host)).toEqual(['good1', 'bad1']);
  await write('good', { tag: 'good2' });
  await write('bad', { tag: 'bad2', first: "throw new Error('no more tea');" });

  const result = await host.reload({ changed: ['good', 'bad'] });

  const reason = expect.stringMatching(/^Cannot use the new version of plugin "bad", so the one before keeps running: [\s\S]*no more tea/);
  expect(result).toEqual({ applied: true, problems: [], kept: [{ plugin: 'bad', reason }] });
  expect(host.lastReload).toMatchObject(result);
  expect(await tags(host)).toEqual(['good2', 'bad1']);
  expect(host.plugins().map(({ status }) => status?.state)).toEqual(['ready', 'ready']);
  expect(host.problems).toEqual([{ severity: 'warning', plugin: 'bad', message: reason }]);
});

test('reload() of a plugin by name changes nothing when its new version does not start', async () => {
  await write('good', { tag: 'good1' });
  await write('bad', { tag: 'bad1' });
  const { host } = await opened({ ...(await entry('good')), ...(await entry('bad')) });
  await tags(host);
  await write('good', { tag: 'good2' });
  await write('bad', { tag: 'bad2', first: "throw new Error('no more tea');" });

  const result = await host.reload({ plugins: ['bad'], changed: ['good'] });

  expect(result).toMatchObject({ applied: false, reason: expect.stringMatching(/Cannot start plugin "bad"[\s\S]*no more tea/) });
  expect(await tags(host)).toEqual(['good1', 'bad1']);
});

test('reload() tries changed code that was refused again, until it starts or the plugin is switched off', async () => {
  await write('a', { tag: 'one' });
  const { host, config } = await opened(await entry('a'));
  await tags(host);
  await write('a', { tag: 'two', first: "throw new Error('no more tea');" });
  expect(await host.reload({ changed: ['a'] })).toMatchObject({ kept: [{ plugin: 'a' }] });

  expect(await host.reload()).toMatchObject({ kept: [{ plugin: 'a', reason: expect.stringContaining('no more tea') }] });
  expect(await tags(host)).toEqual(['one']);
  await write('a', { tag: 'three' });
  expect(await host.reload()).toEqual({ applied: true, problems: [] });
  expect([await tags(host), host.problems]).toEqual([['three'], []]);

  await write('a', { tag: 'four', first: "throw new Error('no more tea');" });
  expect(await host.reload({ changed: ['a'] })).toMatchObject({ kept: [{ plugin: 'a' }] });
  const plugins = { a: { ...config.plugins?.['a'], enabled: false } };
  expect(await host.reload({ config: { ...config, plugins } })).toEqual({ applied: true, problems: [] });
});

test('reload() keeps place, settings and process of a plugin whose manifest broke, while the config of others changes', async () => {
  await write('guard', { tag: 'guard' });
  await write('other', { tag: 'other' });
  const guard = await entry('guard', { priority: 10, config: { level: 1 } });
  const { host, config } = await opened({ ...guard, ...(await entry('other')) });
  expect(await tags(host)).toEqual(['guard', 'other']);
  const { pid } = host.plugins()[0]?.status ?? {};
  await write('guard', { tag: 'guard', hooks: '{"app.save": ' });
  const changed = { ...(await entry('guard', { priority: 90, config: { level: 2 } })), ...(await entry('other', { mode: 'audit' })) };

  const result = await host.reload({ config: { ...config, plugins: changed } });

  expect(result).toMatchObject({ applied: true, kept: [{ plugin: 'guard', reason: expect.stringContaining('keeps running') }] });
  const { payload, trace } = await host.emit('app.save', DRAFT);
  expect(payload.tags).toEqual(['guard']);
  expect(trace.answers.map(({ plugin, mode }) => `${plugin} ${mode}`)).toEqual(['guard sequential', 'other audit']);
  expect(trace.answers[0]?.metadata).toEqual({ pid, config: { level: 1 } });
  await write('guard', { tag: 'mended' });
  expect(await host.reload({ config: { ...config, plugins: changed } })).toEqual({ applied: true, problems: [] });
  await waitUntil(async () => (await tags(host))[0] === 'mended', 'the mended version to answer');
});

test('a version that crashes in its second call costs that one event and is rolled back, and the host says so', async () => {
  await write('a', { tag: 'one' });
  const { host } = await opened(await entry('a'));
  await tags(host);
  await write('a', { tag: 'two', first: 'let calls = 0;', body: "if (++calls === 2) { console.error('lost my mind'); process.exit(1); }" });
  expect(await host.reload({ changed: ['a'] })).toEqual({ applied: true, problems: [] });

  const outcomes = [];
  for (let event = 0; event < 10; event++) outcomes.push(await host.emit('app.save', DRAFT));

  expect(outcomes.map(({ status, cause, payload }) => cause ?? `${status} ${payload.tags}`)).toEqual([
    'continued two',
    'failure',
    ...Array.from({ length: 8 }, () => 'continued one'),
  ]);
  expect(host.problems).toMatchObject([{ severity: 'warning', plugin: 'a', message: expect.stringContaining('lost my mind') }]);
  expect(await seen('a')).toHaveLength(11);
  await write('a', { tag: 'three' });
  await host.reload({ changed: ['a'] });
  expect([await tags(host), host.problems]).toEqual([['three'], []]);
});

test('reload() leaves a plugin whose folder is gone running, and says so', async () => {
  const folder = await write('a', { tag: 'a' });
  const { host } = await opened(await entry('a'));
  await tags(host);
  cpSync(folder, `${folder}.kept`, { recursive: true });
  rmSync(folder, { recursive: true });

  const result = await host.reload();

  expect(result.kept?.map(({ reason }) => reason)).toEqual([
    expect.stringMatching(
      /Cannot use plugin "a" in ".*\/a" as it is now, so the version that was loaded keeps running: .*Cannot find a manifest/,
    ),
  ]);
  mkdirSync(folder);
  expect(await tags(host)).toEqual(['a']);
});

test('reload() refuses what is opened once: another data folder', async () => {
  const { host, config } = await opened({});
  const result = await host.reload({ config: { ...config, dataDir: await hosts.home } });
  expect(result).toMatchObject({ applied: false, reason: expect.stringContaining('Cannot change "dataDir" while the host runs') });
});

test('a session keeps working over a reload, with what became of the plugins it named', async () => {
  await write('a', { tag: 'a1' });
  await write('b', { tag: 'b' });
  const all = async (more: PluginEntry = {}): Promise<Entries> => ({
    ...(await entry('a', { scope: 'session', ...more })),
    ...(await entry('b')),
  });
  const { host, config } = await opened(await all());
  const session = host.session({ plugins: ['a'] });
  expect(await tags(session)).toEqual(['a1', 'b']);
  await write('a', { tag: 'a2' });

  await host.reload({ changed: ['a'] });

  expect(await tags(session)).toEqual(['a2', 'b']);
  expect(await tags(host)).toEqual(['b']);
  await host.reload({ config: { ...config, plugins: await all({ enabled: false }) } });
  expect(await tags(session)).toEqual(['b']);
  await host.reload({ config });
  expect(await tags(session)).toEqual(['a2', 'b']);
});

test('in-process handlers stay, and a reload that closes a circle with one is refused', async () => {
  await write('a', { tag: 'a' });
  const { host, config } = await opened(await entry('a'));
  host.on('app.save', ({ tags: given }) => ({ action: 'modify', changes: { tags: [...given, 'mine'] } }), { name: 'mine', before: ['a'] });
  expect(await tags(host)).toEqual(['mine', 'a']);

  const result = await host.reload({ config: { ...config, plugins: await entry('a', { hooks: { 'app.save': { before: ['mine'] } } }) } });

  expect(result).toMatchObject({ applied: false, reason: expect.stringContaining('mine') });
  expect(await tags(host)).toEqual(['mine', 'a']);
});

test('events of one operation at an ordered hook point stay in order over a reload', async () => {
  const payload = { type: 'object', properties: { title: { type: 'string' }, tags: { type: 'array' } } } as const;
  const save = { description: 'Saves.', payload, allows: ['modify'], writable: ['/tags'], ordered: true } as const;
  const code = (tag: string): Code => {
    const late = 'await new Promise((resolve) => setTimeout(resolve, 4 * Math.random()));';
    return { tag, body: `${late} appendFileSync('order', params.payload.title + '\\n');` };
  };
  const folder = await write('a', code('one'));
  const config: Config = { catalogs: [], plugins: await entry('a') };
  await using host = await createHost({ config, catalogs: [defineCatalog({ name: 'app', hooks: { save } })], env: await hosts.env() });
  const operation = host.operation();
  let sent = 0;
  const fire = (): Promise<unknown> => operation.emit('app.save', { title: String(sent++), tags: [] });
  await fire();

  const before = Array.from({ length: 20 }, fire);
  await write('a', code('two'));
  const reloaded = host.reload({ changed: ['a'] });
  const during = Array.from({ length: 20 }, fire);
  await reloaded;
  const after = Array.from({ length: 20 }, fire);
  await Promise.all([...before, ...during, ...after]);

  const order = readFileSync(join(folder, 'order'), 'utf8').trimEnd().split('\n').map(Number);
  expect(order).toEqual(Array.from({ length: sent }, (_, index) => index));
  expect(new Set((await seen('a')).map((line) => line.split(' ')[1]))).toEqual(new Set(['one', 'two']));
});

test('onChange() is told of what was taken over, not of what was refused', async () => {
  const { host } = await opened({});
  let told = 0;
  const stop = host.onChange(() => {
    told += 1;
  });
  await host.reload();
  await host.reload({ config: { plugins: 7 } as never });
  expect(told).toBe(1);
  stop();
  await host.reload();
  expect(told).toBe(1);
});

test('reload() rejects with PLUGIN_UNKNOWN for a plugin nobody knows, and after the host was closed', async () => {
  const { host } = await opened({});
  await expect(host.reload({ plugins: ['nobody'] })).rejects.toMatchObject({ code: 'PLUGIN_UNKNOWN' });
  await host.close();
  await expect(host.reload()).rejects.toMatchObject({ code: 'HOST_STOPPED' });
});
