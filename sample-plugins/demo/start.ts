/** `npm start`: a real command wrapped by real plugins. Shows what each did, checks it, and says which promise was broken. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const bin = fileURLToPath(new URL('../../host/bin.mjs', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'outrigger-start-'));
const broken: string[] = [];
let isConfined = true;

interface Answer {
  readonly plugin: string;
  readonly status: string;
  readonly code?: string;
  readonly attempts?: number;
  readonly failOpen?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
}
interface Trace {
  readonly event: string;
  readonly hook: string;
  readonly answers: readonly Answer[];
  readonly outcome: { readonly status: string; readonly by?: string };
}

// A harmless `rm`: should a guard ever fail, nothing is lost but this page's promise.
const fakes = join(home, 'bin');
mkdirSync(fakes);
writeFileSync(join(fakes, 'rm'), `#!/bin/sh\ntouch '${join(home, 'rm-was-run')}'\n`);
chmodSync(join(fakes, 'rm'), 0o755);

// What nosy is after: a private key, a secret of the host's environment, this very process and a server of its own.
const key = join(home, 'id_ed25519');
writeFileSync(key, 'not a real key\n', { mode: 0o600 });
const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;
const targets = { keyFile: key, variable: 'OUTRIGGER_DEMO_SECRET', pid: process.pid, port };
const config = join(home, 'outrigger.yaml');
const plain = readFileSync(join(here, 'outrigger.yaml'), 'utf8').replaceAll(
  /path: (\S+)/g,
  (_, path: string) => `path: ${join(here, path)}`,
);
writeFileSync(config, `${plain}    config: ${JSON.stringify(targets)}\n`);

const env = {
  ...process.env,
  PATH: [fakes, process.env['PATH']].join(delimiter),
  OUTRIGGER_CONFIG: config,
  OUTRIGGER_DEMO_SECRET: 'nobody may know',
  OUTRIGGER_DATA_DIR: join(home, 'data'),
  XDG_STATE_HOME: join(home, 'state'),
  XDG_CACHE_HOME: join(home, 'cache'),
  XDG_CONFIG_HOME: join(home, 'config'),
};

function has(command: string): boolean {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;
}

const missing = Object.entries({ 'python-hello': 'python3', 'bash-jq': 'jq' }).filter(([, command]) => !has(command));
const without = missing.flatMap(([plugin]) => ['--without', plugin]);

function outrigger(args: readonly string[]): { code: number | null; text: string } {
  const done = spawnSync(process.execPath, [bin, ...args], { env, encoding: 'utf8', timeout: 60_000 });
  return { code: done.status, text: `${done.stdout}${done.stderr}` };
}

function show(args: readonly string[]): { code: number | null; text: string } {
  console.log(`\n$ outrigger ${args.join(' ')}`);
  const done = outrigger([...args.slice(0, 1), ...(args[0] === 'run' ? without : []), ...args.slice(1)]);
  console.log(done.text.trimEnd());
  return done;
}

function traces(): Trace[] {
  return (JSON.parse(outrigger(['trace', '--json']).text) as { traces: Trace[] }).traces;
}

function expect(promise: string, kept: boolean): void {
  console.log(`${kept ? '  ✓' : '  ✗'} ${promise}`);
  if (!kept) broken.push(promise);
}

function answerOf(trace: Trace | undefined, plugin: string): Answer | undefined {
  return trace?.answers.find((answer) => answer.plugin === plugin);
}

function wrapped(command: readonly string[], sign: RegExp): void {
  const run = show(['run', '--', ...command]);
  console.log(`(exit code ${run.code})`);
  const found = traces();
  const before = found.find((trace) => trace.hook === 'conda.pre_command');
  const after = found.find((trace) => trace.hook === 'conda.post_command');
  for (const trace of [before, after]) if (trace !== undefined) show(['trace', trace.event]);
  console.log('\nWhat was to be seen:');
  expect(`"${command.join(' ')}" ran and passed its exit code on`, run.code === 0 && sign.test(run.text));
  expect('env-inject changed the command', answerOf(before, 'env-inject')?.status === 'modified');
  for (const plugin of ['python-hello', 'bash-jq']) {
    const lacks = missing.find(([name]) => name === plugin);
    if (lacks === undefined)
      expect(`${plugin} answered, without any SDK`, ['continued', 'modified'].includes(answerOf(before, plugin)?.status ?? ''));
    else console.log(`  – ${plugin} was left out: this machine has no "${lacks[1]}"`);
  }
  expect('phoenix was killed with SIGKILL while it handled the event, and asked again', answerOf(before, 'phoenix')?.attempts === 2);
  expect('phoenix was back for the next event', answerOf(after, 'phoenix')?.status === 'continued');
  expect('garbage wrote garbage and hurt only itself', answerOf(before, 'garbage')?.code === 'MESSAGE_INVALID');
  expect('hang hung and hurt only itself', answerOf(before, 'hang')?.code === 'PLUGIN_TIMEOUT');
  for (const [attempt, end] of Object.entries(answerOf(before, 'nosy')?.metadata ?? { nosy: 'did not answer' })) {
    expect(`nosy tried to ${attempt}: ${end}`, end.startsWith('refused'));
  }
  expect(
    'both are marked as fail-open',
    ['garbage', 'hang'].every((plugin) => answerOf(before, plugin)?.failOpen === true),
  );
}

function blocked(): void {
  const run = show(['run', '--', 'rm', '-rf', '/']);
  console.log(`(exit code ${run.code})`);
  const [last] = traces().slice(-1);
  if (last !== undefined) show(['trace', last.event]);
  console.log('\nWhat was to be seen:');
  expect('protect blocked the command with a reason, exit code 3', run.code === 3 && last?.outcome.by === 'protect');
  expect('rm was never started', !existsSync(join(home, 'rm-was-run')));
}

function explainRefusals(plugins: readonly { readonly name: string; readonly reason: string }[]): void {
  isConfined = false;
  console.log('\nThe sample plugins are not trusted, so each needs a sandbox, and here none can hold them. Refused:\n');
  for (const { name, reason } of plugins) console.log(`  ${name}: ${reason}`);
  console.log('\nNothing was run. `npx outrigger doctor` says what this machine lacks; then run `npm start` again.');
}

/** Plugins that may not run here, with the reason. */
function refused(): { readonly name: string; readonly reason: string }[] {
  const { plugins } = JSON.parse(outrigger(['plugins', 'list', '--json']).text) as {
    plugins: { name: string; state: string; reason: string }[];
  };
  return plugins.filter(({ state }) => state === 'untrusted');
}

try {
  const outside = refused();
  if (outside.length > 0) explainRefusals(outside);
  else if (has('git')) wrapped(['git', '--version'], /git version [\s\S]*cpu:/);
  else wrapped(['node', '--version'], /v\d+\./);
  if (outside.length === 0) blocked();
} finally {
  server.close();
  rmSync(home, { recursive: true, force: true });
}
if (broken.length > 0) {
  console.error(
    `\nCannot show everything: ${broken.length} of the promises above did not come true:\n${broken.map((promise) => `  ${promise}`).join('\n')}`,
  );
  process.exitCode = 1;
} else if (isConfined) console.log('\nAll of it came true. Next: write one of your own, sdk/README.md says how.');
