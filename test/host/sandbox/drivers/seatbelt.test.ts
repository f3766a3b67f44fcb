import { expect, test } from 'vitest';
import { SANDBOX_EXEC, seatbelt, seatbeltProfile } from '../../../../host/sandbox/drivers/seatbelt.ts';
import { testWhere } from '../../../support/needs.ts';
import { GENEROUS, SAMPLE_SPEC, samplePolicy } from './sample-policy.ts';

const lines = (more: Parameters<typeof samplePolicy>[0] = {}): string[] =>
  seatbeltProfile(samplePolicy(more), ['/opt/node/bin/node']).split('\n');

test('seatbelt: seatbeltProfile() denies by default, and lets neither the network nor other processes be reached', () => {
  expect(lines().slice(0, 2)).toEqual(['(version 1)', '(deny default)']);
  expect(lines().filter((line) => /network|mach|ipc|\(allow signal\)|process-fork|file-read\*\)/.test(line))).toEqual([]);
  expect(lines()).toContain('(allow signal (target self))');
  expect(lines({ canFork: true })).toContain('(allow process-fork)');
});

test('seatbelt: seatbeltProfile() lets a plugin write its own folders and what was granted, and run nothing from there', () => {
  const written = ['/home/user/data/sample', '/home/user/.cache/compiled/abc', '/srv/real/out'].map((path) => `(subpath "${path}")`);
  const profile = lines(GENEROUS);
  expect(profile.filter((line) => line.startsWith('(allow file-write*'))).toEqual([`(allow file-write* ${written.join(' ')})`]);
  const run = profile.find((line) => line.startsWith('(allow process-exec*'));
  expect(run).toContain('"/opt/node/bin/node"');
  for (const path of written) expect(run).not.toContain(path);
  expect(lines().some((line) => line.startsWith('(allow file-write*'))).toBe(false);
});

test('seatbelt: seatbeltProfile() takes a path as data', () => {
  const odd = '/srv/a"))(allow default)("\\';
  const profile = lines({ read: [{ source: odd, target: odd }] });
  expect(profile.join('\n')).toContain(String.raw`(subpath "/srv/a\"))(allow default)(\"\\")`);
  expect(() => lines({ read: [{ source: '/srv/a\n(allow default)', target: '/srv/a' }] })).toThrow(/control characters/);
});

test('seatbelt: confine() starts the plugin under the profile, with real names of its folders', () => {
  const { launch, writable } = seatbelt.confine(SAMPLE_SPEC, samplePolicy(GENEROUS));
  const at = launch.args.indexOf(SANDBOX_EXEC);
  expect(launch.args.slice(at + 3)).toEqual([SAMPLE_SPEC.command, ...SAMPLE_SPEC.args]);
  expect(launch.env).toMatchObject({ HOME: '/home/user/data/sample', NODE_COMPILE_CACHE: '/home/user/.cache/compiled/abc' });
  expect(writable).toHaveLength(3);
});

test('seatbelt: confine() keeps from the shell, which nothing holds yet, what would make it run something', () => {
  const spec = { ...SAMPLE_SPEC, env: { TOKEN: 'secret', SHELLOPTS: 'xtrace', PS4: '$(id)' } };
  const { env, args } = seatbelt.confine(spec, samplePolicy(GENEROUS)).launch;

  expect(Object.keys(env)).toEqual(expect.not.arrayContaining(['SHELLOPTS', 'PS4']));
  expect(args.indexOf('PS4=$(id)')).toBeGreaterThan(args.indexOf(SANDBOX_EXEC));
});

test.each([{ net: [{ host: 'example.org', port: 443, text: 'example.org' }] }, { ipc: true }] as const)(
  'seatbelt: confine() refuses %j',
  (more) => {
    expect(() => seatbelt.confine(SAMPLE_SPEC, samplePolicy(more))).toThrow(expect.objectContaining({ code: 'PLUGIN_REFUSED' }));
  },
);

testWhere(process.platform !== 'darwin', 'this is macOS')('seatbelt: probe() is for macOS only', async () => {
  expect(await seatbelt.probe()).toMatchObject({ ok: false, why: expect.stringContaining('macOS') });
});
