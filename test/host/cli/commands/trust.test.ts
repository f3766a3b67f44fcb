import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CliPlace, type Finished, finished, MAIN } from '../../../e2e/cli-place.ts';
import { testWith } from '../../../support/needs.ts';

const testBwrap = testWith('bwrap', 'bubblewrap');
const testTerminal = testWith('script', 'bsdutils');

const ASKS = { permissions: { run: ['git'], env: ['LANG'] }, optionalPermissions: { net: ['api.example.com'] } };
const BLOCKS = `() => ({ action: 'block', violation: { code: 'no', reason: 'no' } })`;

let place: CliPlace;

beforeEach(() => {
  place = new CliPlace();
  place.plugin('guard', { 'conda.pre_command': {} }, BLOCKS);
  change('guard', ASKS);
  untrusted();
});

afterEach(() => place.remove());

/** Writes into the manifest of a plugin. */
function change(name: string, changes: object): void {
  const file = place.path('plugins', name, 'plugin.json');
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...changes }));
}

function untrusted(entry: object = {}, others: object = {}): void {
  place.config({ plugins: { guard: { path: './plugins/guard', ...entry } }, ...others });
}

interface LockText {
  readonly plugins: Record<string, { hash: string; grant: object; asked: object; trust: string; driver?: string }>;
}

const config = () => JSON.parse(readFileSync(place.path('outrigger.json'), 'utf8'));
const lock = () => JSON.parse(readFileSync(place.path('outrigger.lock.json'), 'utf8')) as LockText;
const hasLock = () => existsSync(place.path('outrigger.lock.json'));
const listed = async () => (await place.run(['plugins', 'list'])).stdout;

function checked(document: unknown): Record<string, unknown> {
  const ajv = new Ajv2020({ strict: false });
  for (const name of ['trace', 'manifest', 'lock', 'cli']) {
    ajv.addSchema(JSON.parse(readFileSync(new URL(`../../../../schemas/${name}.schema.json`, import.meta.url), 'utf8')));
  }
  const validate = ajv.getSchema('urn:outrigger:schema:cli#/$defs/pluginsTrust');
  validate?.(document);
  expect(validate?.errors).toBe(null);
  return document as Record<string, unknown>;
}

testBwrap('trustPlugin() accepts the content and grants what is required, and the plugin runs confined', async () => {
  const before = await place.run(['run', 'true']);
  expect([before.code, before.stderr]).toEqual([0, expect.any(String)]);
  const done = await place.run(['plugins', 'trust', 'guard', '--yes']);
  expect([done.code, done.stderr]).toEqual([0, '']);
  expect(done.stdout).toMatch(/guard 1\.0\.0 +plugins\/guard\n/);
  expect(done.stdout).toMatch(/It hears\n +conda\.pre_command: may change .*; may block it; may answer in its place\n/);
  expect(done.stdout).toMatch(/It may\n {2}! start programs .*git.*\n {4}see the value of the environment variable LANG\n/);
  expect(done.stdout).toMatch(/It may ask for later\n {4}send anything it sees to api\.example\.com\n/);
  expect(done.stdout).toMatch(/Limits\n {4}\d+ MiB of memory, /);
  expect(done.stdout).toMatch(/\ntrusted guard in outrigger\.lock\.json\n$/);
  expect(lock().plugins['guard']).toMatchObject({ trust: 'none', driver: 'bubblewrap', grant: { run: ['git'], env: ['LANG'] } });
  expect(config().plugins.guard).toEqual({ path: './plugins/guard' });
  expect(await listed()).toMatch(/guard +enabled +none +bubblewrap +accepted/);
  expect(await place.run(['run', 'true'])).toMatchObject({ code: 3 });
  // Its folder is read-only for it, and it runs from a copy.
  expect(place.hasStarted('guard')).toBe(false);
});

test('trustPlugin() without a terminal says what it would accept, and needs --yes', async () => {
  const done = await withoutTerminal(['plugins', 'trust', 'guard']);
  expect(done).toMatchObject({ code: 1, stderr: expect.stringContaining('--yes') });
  expect(done.stdout).toContain('! start programs');
  expect(hasLock()).toBe(false);
});

/** In a session of its own: a test may be run from a terminal. */
function withoutTerminal(args: string[]): Promise<Finished> {
  return place.run(args, { detached: true });
}

/** `plugins trust guard` at a terminal. */
async function at(answer: string): Promise<Finished> {
  const line = `"${process.execPath}" --conditions=@outrigger/source "${MAIN}" plugins trust guard`;
  const { spawn } = await import('node:child_process');
  const child = spawn('script', ['-qec', line, '/dev/null'], { cwd: place.folder, env: place.env, stdio: 'pipe' });
  child.stdout.once('data', () => undefined);
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    if (!text.includes('[y/N]') && (text + chunk).includes('[y/N]')) child.stdin.write(answer);
    text += chunk;
  });
  return finished(child);
}

testTerminal('trustPlugin() repeats the widest permissions where a long list has scrolled them away', async () => {
  const read = Array.from({ length: 100 }, (_, index) => `/srv/p${index}`);
  change('guard', { permissions: { fs: { read }, net: ['*'] } });
  const { stdout } = await at('n\n');
  expect(stdout).toMatch(/Of these 101, the widest again:\s+! send anything it sees to every host of the internet \(\*\)\s+Trust it\?/);
});

testTerminal('trustPlugin() asks at a terminal, and takes anything but yes for no', async () => {
  expect(await at('maybe\n')).toMatchObject({ code: 1, stdout: expect.stringContaining('guard was not trusted') });
  expect(hasLock()).toBe(false);
  expect(await at('y\n')).toMatchObject({ code: 0, stdout: expect.stringContaining('trusted guard in') });
  expect(hasLock()).toBe(true);
});

test('trustPlugin() tells what changed since the last time, marks what is new, and keeps what was granted beside', async () => {
  await place.run(['plugins', 'trust', 'guard', '--yes', '--grant-optional']);
  expect(lock().plugins['guard']?.grant).toEqual({ run: ['git'], env: ['LANG'], net: ['api.example.com'] });
  change('guard', { version: '1.1.0', permissions: { run: ['git'], ipc: true } });
  expect(await listed()).toMatch(/guard: its code changed .*version 1\.0\.0 → 1\.1\.0.*it asks for more: .*Unix sockets/);
  const done = await place.run(['plugins', 'trust', 'guard', '--yes']);
  expect(done.stdout).toMatch(/! talk to programs of yours .*\(new\)\n/);
  expect(done.stdout).not.toMatch(/start programs.*\(new\)/);
  expect(done.stdout).toMatch(
    /Since it was accepted\n +accepted on \d{4}-\d\d-\d\d: its code changed\n +version 1\.0\.0 → 1\.1\.0\n.*LANG/,
  );
  expect(lock().plugins['guard']?.grant).toEqual({ run: ['git'], ipc: true, net: ['api.example.com'] });
});

test('trustPlugin() answers with one document under --json', async () => {
  const done = await place.run(['plugins', 'trust', 'guard', '--yes', '--json']);
  const document = checked(JSON.parse(done.stdout));
  expect(document).toMatchObject({ plugin: 'guard', change: 'trusted', lockFile: place.path('outrigger.lock.json') });
  expect(document['locked']).toEqual(lock().plugins['guard']);
  expect(done.stderr).toContain('start programs');
  const untrust = await place.run(['plugins', 'untrust', 'guard', '--json']);
  expect(checked(JSON.parse(untrust.stdout))).toMatchObject({ plugin: 'guard', change: 'untrusted' });
});

test('trustPlugin() with --full writes that into the config, and says that nothing binds the plugin', async () => {
  const done = await place.run(['plugins', 'trust', 'guard', '--yes', '--full']);
  expect([done.code, done.stdout]).toEqual([0, expect.stringContaining('! run with all your rights, outside a sandbox')]);
  expect([lock().plugins['guard']?.trust, config().plugins.guard.trust]).toEqual(['full', 'full']);
  expect(await place.run(['run', 'true'])).toMatchObject({ code: 3 });
  expect(place.hasStarted('guard')).toBe(true);
  // It writes into its own folder, which is not what was accepted any more.
  expect(await listed()).toMatch(/guard +untrusted +full +– +changed/);
});

test('trustPlugin() lists a plugin that was merely found, and works on a required one', async () => {
  place.config({ pluginFolders: ['plugins'], plugins: {} });
  expect(await listed()).toMatch(/guard: it was found in a plugin folder but is not listed: .*outrigger plugins trust guard/);
  expect(await place.run(['plugins', 'trust', 'guard', '--yes'])).toMatchObject({ code: 0 });
  expect(config().plugins).toEqual({ guard: {} });
  untrusted({ required: true });
  await place.run(['plugins', 'untrust', 'guard']);
  expect(await place.run(['plugins', 'trust', 'guard', '--yes'])).toMatchObject({ code: 0 });
});

test('trustPlugin() says when an accepted plugin still may not run', async () => {
  untrusted({ grant: {} });
  const done = await place.run(['plugins', 'trust', 'guard', '--yes']);
  expect(done).toMatchObject({ code: 0, stderr: expect.stringMatching(/was accepted and still does not run: .*plugins\.guard\.grant/) });
});

test('trustPlugin() leaves a lock file alone that it cannot read', async () => {
  writeFileSync(place.path('outrigger.lock.json'), '{ "mine": 1 }');
  expect(await place.run(['plugins', 'trust', 'guard', '--yes'])).toMatchObject({ code: 1, stderr: expect.stringContaining('lock file') });
  expect(readFileSync(place.path('outrigger.lock.json'), 'utf8')).toBe('{ "mine": 1 }');
});

test.each([
  [['plugins', 'trust', 'gaurd', '--yes'], 1, 'did you mean "guard"'],
  [['plugins', 'untrust', 'gaurd'], 1, 'did you mean "guard"'],
  [['plugins', 'trust', 'guard', '--yes', '--frozen'], 2, '--frozen'],
])('outrigger %j ends with %i', async (args, code, text) => {
  expect(await place.run(args)).toMatchObject({ code, stderr: expect.stringContaining(text) });
});

test('trustPlugin() refuses a plugin that is switched off or broken', async () => {
  untrusted({ enabled: false });
  expect(await place.run(['plugins', 'trust', 'guard', '--yes'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('it is disabled'),
  });
  untrusted();
  change('guard', { hooks: 1 });
  expect(await place.run(['plugins', 'trust', 'guard', '--yes'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('it is broken'),
  });
});

test('trustPlugin() makes texts of the plugin printable', async () => {
  change('guard', { description: 'nice\u001b[2J', permissions: { run: ['a\u202eb'] } });
  const { stdout } = await place.run(['plugins', 'trust', 'guard', '--yes']);
  expect(stdout).toContain('nice\\e[2J');
  expect(stdout).toContain('a\\u202eb');
});

test('untrustPlugin() takes back the lock entry, full trust and the grant', async () => {
  await place.run(['plugins', 'trust', 'guard', '--yes', '--full']);
  untrusted({ trust: 'full', grant: { run: ['git'] }, priority: 7 });
  expect(await place.run(['plugins', 'untrust', 'guard'])).toMatchObject({ code: 0, stdout: expect.stringContaining('untrusted guard') });
  expect([lock().plugins, config().plugins.guard]).toEqual([{}, { path: './plugins/guard', priority: 7 }]);
  expect(await listed()).toMatch(/guard +untrusted +none/);
});

testBwrap('outrigger --frozen starts only what was accepted', async () => {
  expect(await place.run(['run', '--frozen', 'true'])).toMatchObject({ code: 1, stderr: expect.stringMatching(/frozen lock: "guard": /) });
  expect(await place.run(['--frozen', 'plugins', 'list'])).toMatchObject({ code: 1 });
  await place.run(['plugins', 'trust', 'guard', '--yes']);
  expect(await place.run(['run', '--frozen', 'true'])).toMatchObject({ code: 3 });
  expect(await place.run(['--frozen', 'plugins', 'list'])).toMatchObject({ code: 0 });
  writeFileSync(place.path('plugins/guard/new.mjs'), '');
  expect(await place.run(['run', 'true'], { env: { ...place.env, OUTRIGGER_FROZEN: '1' } })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('its code changed'),
  });
  expect(await listed()).toMatch(/guard +untrusted/);
});

testBwrap('outrigger plugins show tells how a plugin is held and what it may do', async () => {
  await place.run(['plugins', 'trust', 'guard', '--yes']);
  const { stdout } = await place.run(['plugins', 'show', 'guard']);
  expect(stdout).toMatch(/sandbox +bubblewrap \(os\)\n/);
  expect(stdout).toMatch(/content +sha256-[0-9a-f]{12}, as it was accepted\n/);
  expect(stdout).toMatch(/it may\n! start programs .*git.*\n {2}see the value of the environment variable LANG\n/);
});

testBwrap('trustPlugin() says where links lead, and what leads elsewhere later does not start', async () => {
  for (const name of ['one', 'two']) mkdirSync(place.path(name));
  symlinkSync(place.path('one'), place.path('link'));
  change('guard', { permissions: { fs: { read: [`\${workspace}/link`] } }, optionalPermissions: {} });
  const done = await place.run(['plugins', 'trust', 'guard', '--yes']);
  expect(done.stdout).toMatch(/Links lead elsewhere\n {2}! \$\{workspace\}\/link is \$\{workspace\}\/one\n/);
  expect(lock().plugins['guard']).toMatchObject({ paths: { [`\${workspace}/link`]: `\${workspace}/one` } });
  expect(await place.run(['run', 'true'])).toMatchObject({ code: 3 });
  rmSync(place.path('link'));
  symlinkSync(place.path('two'), place.path('link'));
  expect(await listed()).toMatch(/guard: .*link": it led to .*one" when it was accepted, and leads to .*two" now/);
});

testBwrap('trustPlugin() keeps in mind where an earlier version could write: a link left there is not followed', async () => {
  for (const name of ['out', 'secret']) mkdirSync(place.path(name));
  change('guard', { permissions: { fs: { write: [`\${workspace}/out`] } }, optionalPermissions: {} });
  await place.run(['plugins', 'trust', 'guard', '--yes']);
  symlinkSync(place.path('secret'), place.path('out', 'sub'));
  change('guard', { version: '1.1.0', permissions: { fs: { read: [`\${workspace}/out/sub`] } } });
  const done = await place.run(['plugins', 'trust', 'guard', '--yes']);
  expect(done.stderr).toMatch(/still does not run: .*out\/sub", which plugin "guard" could have made/);
  expect(lock().plugins['guard']).toMatchObject({ wrote: [`\${workspace}/out`] });
  expect(await listed()).toMatch(/guard +untrusted/);
});
