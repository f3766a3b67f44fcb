import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { landlock, SETPRIV } from '../../../../host/sandbox/drivers/landlock.ts';
import { SAMPLE_SPEC, samplePolicy } from './sample-policy.ts';

let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'outrigger-landlock-')));
  for (const name of ['plugin', 'data']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'read:me'), '');
});

afterEach(() => rmSync(folder, { recursive: true }));

const READ = 'execute,read-file,read-dir';

function confine() {
  const at = (name: string): string => join(folder, name);
  const read = [{ source: at('read:me'), target: at('read:me') }];
  return landlock.confine(SAMPLE_SPEC, samplePolicy({ directory: at('plugin'), dataDir: at('data'), read }));
}

test('landlock: confine() lets a plugin read what it is granted, and write its data', () => {
  const { args } = confine().launch;
  const rules = args.filter((_arg, index) => args[index - 1] === '--landlock-rule');
  expect(rules).toContain(`path-beneath:${READ}:/usr`);
  expect(rules).toContain(`path-beneath:${READ}:${folder}/plugin`);
  expect(rules).toContain(`path-beneath:execute,read-file:${folder}/read:me`);
  const writing = rules.filter((rule) => /write-file|make-|remove-/.test(rule)).map((rule) => rule.split(':')[2]);
  expect(writing).toEqual([`${folder}/data`, '/dev/null', '/dev/zero', '/dev/full', '/dev/random', '/dev/urandom']);
  expect(rules.some((rule) => rule.endsWith(':/proc') || rule.endsWith(':/') || rule.includes('::'))).toBe(false);
});

test('landlock: confine() sets both filters before Landlock, which would hide them', () => {
  const { launch, scratch } = confine();
  const { args } = launch;
  const places = [`${scratch?.folder}/gaps.bpf`, `${scratch?.folder}/calls.bpf`, '--landlock-access', '/usr/bin/prlimit', '/usr/bin/node'];
  const found = places.map((word) => args.indexOf(word));
  expect(found).toEqual([...found].sort((one, other) => one - other));
  expect(Math.min(...found)).toBeGreaterThan(0);
  expect(args.filter((word) => word === '--no-new-privs')).toHaveLength(3);
  expect(Object.values(scratch?.files ?? {}).every((content) => content.length > 0)).toBe(true);
});

test('landlock: confine() gives the plugin its own folders by their real names', () => {
  const { env } = confine().launch;
  expect(env).toEqual({ TOKEN: 'secret', HOME: `${folder}/data`, TMPDIR: `${folder}/data`, OUTRIGGER_DATA: `${folder}/data` });
});

test('landlock: confine() keeps from setpriv, which nothing holds yet, what would make it load code of the plugin', () => {
  const spec = { ...SAMPLE_SPEC, env: { TOKEN: 'secret', LD_PRELOAD: '/plugin/evil.so' } };
  const { env, args } = landlock.confine(spec, samplePolicy({ directory: join(folder, 'plugin') })).launch;

  expect(env).not.toHaveProperty('LD_PRELOAD');
  expect(args.indexOf('LD_PRELOAD=/plugin/evil.so')).toBeGreaterThan(args.indexOf('/usr/bin/prlimit'));
  expect(args.join(' ')).not.toContain('secret');
});

test.each([
  [{ net: [{ host: 'example.org', port: 443, text: 'example.org' }] }, 'allow-list'],
  [{ ipc: true }, 'Unix sockets'],
] as const)('landlock: confine() refuses %j', (more, word) => {
  expect(() => landlock.confine(SAMPLE_SPEC, samplePolicy(more))).toThrow(
    expect.objectContaining({ code: 'PLUGIN_REFUSED', message: expect.stringContaining(word) }),
  );
});

test('landlock: probe() works with a setpriv that knows it, for ordinary users, and says else why not', async () => {
  const help = spawnSync(SETPRIV, ['--help'], { encoding: 'utf8' }).stdout ?? '';
  const probe = await landlock.probe();
  if (!help.includes('--seccomp-filter')) expect(probe).toMatchObject({ ok: false, why: expect.stringMatching(/2\.41|not found/) });
  else if (process.getuid?.() === 0) expect(probe).toMatchObject({ ok: false, why: expect.stringContaining('root') });
  else
    expect(probe).toMatchObject({
      ok: true,
      enforces: new Set(['fs', 'net', 'signals', 'fork']),
      notes: expect.arrayContaining([expect.stringContaining('host name')]),
    });
});
