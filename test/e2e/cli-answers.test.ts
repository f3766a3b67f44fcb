import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { CliPlace } from './cli-place.ts';

const PROTECT = `(p) => p.command === 'rm' ? { action: 'block', violation: { code: 'no-rm', reason: 'rm is not allowed' } } : { action: 'modify', changes: { env: { A: '1' } } }`;
let place: CliPlace;
let ajv: Ajv2020;

beforeAll(() => {
  ajv = new Ajv2020({ strict: false });
  for (const name of ['trace', 'cli']) {
    ajv.addSchema(JSON.parse(readFileSync(new URL(`../../schemas/${name}.schema.json`, import.meta.url), 'utf8')));
  }
});

beforeEach(() => {
  place = new CliPlace();
});

afterEach(() => place.remove());

function check(definition: string, document: unknown): void {
  const validate = ajv.getSchema(`urn:outrigger:schema:cli#/$defs/${definition}`);
  expect(validate, definition).toBeDefined();
  validate?.(document);
  expect(validate?.errors ?? []).toEqual([]);
}

/** The one document on stdout, checked against its shape. */
async function answer(definition: string, ...args: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await place.run([...args, '--json']);
  const document = JSON.parse(stdout) as Record<string, unknown>;
  check(definition, document);
  return document;
}

test('outrigger emit prints what became of the event', async () => {
  place.plugin('protect', { 'conda.pre_command': {} }, PROTECT);
  const payload = JSON.stringify({ command: 'ls', args: ['-l'] });
  expect(await answer('emit', 'emit', 'conda.pre_command', '--payload', payload, '--operation', 'op1', '--session', 's1')).toMatchObject({
    status: 'continued',
    payload: { command: 'ls', args: ['-l'], env: { A: '1' } },
    trace: { operation: 'op1', session: 's1', answers: [{ plugin: 'protect', status: 'modified' }] },
  });
});

test('outrigger emit returns 3 when a plugin blocks, and shows the table', async () => {
  place.plugin('protect', { 'conda.pre_command': {} }, PROTECT);
  const payload = JSON.stringify({ command: 'rm', args: [] });
  const document = await answer('emit', 'emit', 'conda.pre_command', '--payload', payload);
  expect(document).toMatchObject({ status: 'blocked', by: 'protect', cause: 'verdict', violation: { code: 'no-rm' } });
  const shown = await place.run(['emit', 'conda.pre_command', '--payload', '-'], { input: payload });
  expect(shown.code).toBe(3);
  expect(shown.stdout).toContain('blocked by protect: rm is not allowed (no-rm)');
});

test.each([
  ['{', 'it is not JSON'],
  ['[]', 'it must be a JSON object'],
  ['@missing.json', 'ENOENT'],
])('outrigger emit --payload %s is a usage error', async (payload, cause) => {
  const done = await place.run(['emit', 'conda.pre_command', '--payload', payload]);
  expect(done.code).toBe(2);
  expect(done.stderr).toContain(cause);
  expect(done.stderr.trimEnd().split('\n')).toHaveLength(1);
});

test('outrigger emit fails in one line for a hook point nobody declares', async () => {
  const done = await place.run(['emit', 'conda.pre_comand']);
  expect(done).toMatchObject({ code: 1, stdout: '' });
  expect(done.stderr).toMatch(/^outrigger: Cannot use hook point "conda.pre_comand".*"conda.pre_command".*\n$/);
});

test('outrigger prints a stack trace without the escape sequences of what it quotes', async () => {
  const { stderr } = await place.run(['--verbose', '--config', '/nowhere/\u001b]0;title\u0007', 'emit', 'no.hook']);
  expect(stderr).toMatch(/\n\s+at /);
  expect(stderr).not.toContain('\u001b');
});

test('outrigger prints a stack trace only with --verbose', async () => {
  expect((await place.run(['emit', 'no.hook'])).stderr).not.toMatch(/\n\s+at /);
  expect((await place.run(['--verbose', 'emit', 'no.hook'])).stderr).toMatch(/\n\s+at /);
});

test('outrigger explain prints the plan with reasons, and who is left out', async () => {
  place.plugin('late', { 'conda.pre_command': { priority: 90 } });
  place.plugin('early', { 'conda.pre_command': { priority: 10, match: { command: 'git' } } });
  place.plugin('away', { 'conda.pre_command': {} });
  const document = await answer('explain', 'explain', 'conda.pre_command', '--without', 'away');
  expect(document['plan']).toMatchObject([
    { plugin: 'early', priority: 10 },
    { plugin: 'late', priority: 90 },
  ]);
  expect(document['left']).toMatchObject([{ plugin: 'away' }]);
  const { stdout } = await place.run(['explain', 'conda.pre_command', '--without', 'away']);
  expect(stdout).toMatch(/1 {2}early[\s\S]*priority 10[\s\S]*2 {2}late[\s\S]*not in the plan[\s\S]*away/);
  expect(place.hasStarted('early')).toBe(false);
});

test('outrigger trace lists events, and shows the last one or the one named by its beginning', async () => {
  place.plugin('protect', { 'conda.pre_command': {}, 'conda.on_exception': {} }, `(p) => p.error ? {} : (${PROTECT})(p)`);
  expect((await place.run(['trace'])).stdout).toBe('No event has been traced yet\n');
  expect((await place.run(['trace', '--hook', 'a.b'])).stdout).toBe('No event of "a.b" has been traced yet\n');
  await place.run(['run', 'sh', '-c', 'exit 1']);
  await place.run(['run', 'rm', 'x']);
  const { traces } = (await answer('traces', 'trace')) as unknown as { traces: { event: string; hook: string }[] };
  expect(traces.map(({ hook }) => hook)).toEqual(['conda.pre_command', 'conda.on_exception', 'conda.pre_command']);
  const last = traces[2]?.event as string;
  expect(await answer('trace', 'trace', 'last')).toMatchObject({ event: last, outcome: { status: 'blocked', by: 'protect' } });
  expect(await answer('trace', 'trace', last.slice(0, -1))).toMatchObject({ event: last });
  expect(await answer('traces', 'trace', '-n', '1', '--hook', 'conda.on_exception')).toMatchObject({
    traces: [{ event: traces[1]?.event }],
  });
  const table = await place.run(['trace', traces[0]?.event as string]);
  expect(table.stdout).toMatch(/protect {2}sequential .*modified {2}\/env\/A: – → "1"/);
  const unclear = await place.run(['trace', 'e']);
  expect(unclear).toMatchObject({ code: 1, stdout: '' });
  expect(unclear.stderr).toContain('Cannot tell which event "e" is');
  expect((await place.run(['trace', 'zzz'])).stderr).toContain('Cannot find event "zzz"');
});

test('outrigger trace --follow --json prints one trace a line, old ones first', async () => {
  place.plugin('listens', { 'conda.pre_command': {}, 'conda.post_command': {} });
  await place.run(['run', 'true']);
  const follower = place.start(['trace', '-f', '--json', '-n', '1']);
  onTestFinished(() => {
    follower.kill('SIGKILL');
  });
  const lines: string[] = [];
  let rest = '';
  const enough = new Promise<void>((resolve) => {
    follower.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      // The first line says that it follows: only now is there something new to see.
      if (lines.length === 0 && parts.length > 0) void place.run(['run', 'true']);
      lines.push(...parts);
      if (lines.length >= 3) resolve();
    });
  });
  await enough;
  for (const line of lines) check('trace', JSON.parse(line));
  expect(lines.map((line) => (JSON.parse(line) as { hook: string }).hook)).toEqual([
    'conda.post_command',
    'conda.pre_command',
    'conda.post_command',
  ]);
});

test('outrigger hooks list and show describe the hook points', async () => {
  place.plugin('listens', { 'conda.pre_command': {} });
  expect(await answer('hooksList', 'hooks', 'list')).toMatchObject({
    hooks: expect.arrayContaining([expect.objectContaining({ name: 'conda.pre_command', subscribers: ['listens'] })]),
  });
  expect(await answer('hooksShow', 'hooks', 'show', 'conda.pre_command')).toMatchObject({
    writable: ['/args', '/env', '/unsetEnv', '/cwd'],
  });
  const { stdout } = await place.run(['hooks', 'show', 'conda.pre_command']);
  expect(stdout).toMatch(/\nargs +string\[\] +yes +yes +Arguments/);
  expect((await place.run(['hooks', 'show', 'conda.pre'])).code).toBe(1);
});

test('outrigger hooks list says why a hook point of a catalog is not in it', async () => {
  mkdirSync(place.path('garden'));
  writeFileSync(
    place.path('garden/catalog.json'),
    '{"name":"garden","hooks":{"rain":{"description":"Rain.","payload":{"type":"objekt"}}}}',
  );
  writeFileSync(place.path('catalogs.json'), '{"catalogs":["./garden"]}');
  for (const args of [['list'], ['show', 'garden.rain']]) {
    const { stderr } = await place.run(['hooks', ...args, '--config', place.path('catalogs.json')]);
    expect(stderr).toMatch(/warning: .*catalog\.json:1:\d+: \/hooks\/rain\/payload/);
  }
});

test('outrigger doctor returns 1 when a plugin cannot start, and says how to mend it', async () => {
  place.plugin('fine', { 'conda.pre_command': {} });
  expect(await answer('doctor', 'doctor')).toMatchObject({ ok: true });
  expect((await place.run(['doctor'])).code).toBe(0);
  place.plugin('lost', { 'conda.pre_command': {} });
  const manifest = { name: 'lost', version: '1.0.0', runtime: { command: 'no-such-interpreter' }, hooks: { 'conda.pre_command': {} } };
  writeFileSync(place.path('plugins/lost/plugin.json'), JSON.stringify(manifest));
  const { checks } = (await answer('doctor', 'doctor')) as unknown as { checks: { check: string; status: string; message: string }[] };
  expect(checks.find(({ check: name }) => name === 'plugin lost')).toMatchObject({
    status: 'fail',
    message: expect.stringContaining('no-such-interpreter'),
  });
  expect((await place.run(['doctor'])).code).toBe(1);
});

test('outrigger doctor reports a broken config in place of failing', async () => {
  writeFileSync(place.path('outrigger.yaml'), 'plugins:\n  a: 5\n');
  const document = await answer('doctor', 'doctor');
  expect(document).toMatchObject({ ok: false });
  expect(JSON.stringify(document['checks'])).toContain('outrigger.yaml:2');
});

test('outrigger logs JSON lines on stderr with --json', async () => {
  place.plugin('protect', { 'conda.pre_command': {} }, PROTECT);
  const blocked = await place.run(['run', '--json', 'rm']);
  expect(blocked).toMatchObject({ code: 3, stdout: '' });
  check('logLine', JSON.parse(blocked.stderr));
  expect(JSON.parse(blocked.stderr)).toMatchObject({ level: 'error', plugin: 'protect', violation: { code: 'no-rm' } });
  const failed = await place.run(['emit', 'no.hook', '--json']);
  expect(failed.stdout).toBe('');
  expect(JSON.parse(failed.stderr)).toMatchObject({ level: 'error', code: 'HOOK_UNKNOWN' });
});

test('outrigger warns when it goes on without a plugin, unless told to be quiet', async () => {
  place.plugin('dies', { 'conda.pre_command': { onFailure: 'ignore' } }, '() => process.exit(3)');
  const loud = await place.run(['run', 'echo', 'on']);
  expect(loud).toMatchObject({ code: 0, stdout: 'on\n' });
  expect(loud.stderr).toMatch(/outrigger: \[dies\] warning: event went on without a plugin: .*exited with code 3/);
  expect(await place.run(['run', '--quiet', 'echo', 'on'])).toEqual({ code: 0, signal: null, stdout: 'on\n', stderr: '' });
});

test.each([
  [['--nope'], 'Unknown option "--nope" (try: outrigger --help)'],
  [['emit'], 'Missing required argument "hook" (try: outrigger emit --help)'],
  [['emti', 'x'], 'Unknown command "emti", did you mean emit? (try: outrigger --help)'],
  [['plugins', 'lst'], 'Unknown command "lst", did you mean list? (try: outrigger plugins --help)'],
  [['run'], 'Missing required argument "command" (try: outrigger run --help)'],
  [['trace', 'last', '-f'], 'Cannot follow one event: leave out "--follow" or the event (try: outrigger trace --help)'],
  [['--verbose', '--quiet', 'doctor'], 'Option "--verbose" cannot be used with option "--quiet" (try: outrigger doctor --help)'],
])('outrigger %j is a usage error', async (args, message) => {
  expect(await place.run(args)).toEqual({ code: 2, signal: null, stdout: '', stderr: `outrigger: ${message}\n` });
});

test('outrigger --version prints the version of the package', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../host/package.json', import.meta.url), 'utf8')) as { version: string };
  expect(await place.run(['--version'])).toEqual({ code: 0, signal: null, stdout: `${version}\n`, stderr: '' });
});
