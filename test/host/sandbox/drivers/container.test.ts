import { userInfo } from 'node:os';
import { expect, test } from 'vitest';
import { makeContainer } from '../../../../host/sandbox/drivers/container.ts';
import type { Policy } from '../../../../host/sandbox/types.ts';
import { GENEROUS, SAMPLE_SPEC, samplePolicy } from './sample-policy.ts';

const podman = makeContainer({ tool: '/usr/bin/podman', image: 'node:24' });
const enclose = (more: Partial<Policy> = {}, spec = SAMPLE_SPEC) => podman.confine(spec, samplePolicy(more));

/** The client's own words, after the shell around it. */
function words(more: Partial<Policy> = {}): readonly string[] {
  const { args } = enclose(more).launch;
  return args.slice(args.indexOf('run'));
}

test('container: confine() closes everything but the image and the mounts', () => {
  const { uid, gid } = userInfo();
  expect(words()).toEqual(
    expect.arrayContaining([
      ...['--rm', '--interactive', '--pull=never', '--network=none', '--ipc=private', '--read-only', '--cap-drop=all', '--init'],
      ...['--security-opt=no-new-privileges', '--pids-limit=32', '--memory=256m', '--memory-swap=256m', '--cpus=0.5'],
      ...['--tmpfs=/tmp:rw,nosuid,nodev,mode=1777,size=16m', '--userns=keep-id', `--user=${uid}:${gid}`, '--workdir=/plugin'],
    ]),
  );
  expect(words().filter((word) => /privileged=|--device|=host|--volume|docker\.sock/.test(word))).toEqual([]);
});

test('container: confine() mounts the plugin read-only, and what was granted as it was granted', () => {
  const mounts = words(GENEROUS).filter((word) => word.startsWith('type='));
  expect(mounts).toEqual([
    'type=bind,source=/srv/plugins/sample,target=/plugin,readonly',
    'type=bind,source=/srv/project,target=/srv/project,readonly',
    'type=bind,source=/home/user/data/sample,target=/data',
    'type=bind,source=/home/user/.cache/compiled/abc,target=/cache',
    'type=bind,source=/srv/real/out,target=/srv/project/out',
  ]);
  expect(enclose(GENEROUS).writable).toEqual(['/home/user/data/sample', '/home/user/.cache/compiled/abc', '/srv/real/out']);
});

test('container: confine() starts a program of the image, with paths into /plugin', () => {
  expect(words().slice(-5)).toEqual(['node:24', 'node', '/plugin/main.mjs', '--flag', '/etc/hosts']);
  const own = enclose({}, { ...SAMPLE_SPEC, command: '/srv/plugins/sample/bin/run', args: [] });
  expect(own.launch.args.at(-1)).toBe('/plugin/bin/run');
});

test('container: confine() gives every start a name of its own, which its end is cleaned up by', () => {
  const [one, other] = [enclose(), enclose()].map(({ launch }) => launch.args[4]);
  expect(one).toMatch(/^outrigger-[0-9a-f-]{36}$/);
  expect(other).not.toBe(one);
  const { args } = enclose().launch;
  expect(args).toContain(`--name=${args[4]}`);
  expect(args[1]).toContain('"$1" rm -f "$2"');
});

test('container: confine() shows the plugin’s variables to nobody: they are in a file, and not in the engine’s environment', () => {
  const { launch, scratch } = enclose();
  expect(JSON.stringify(launch)).not.toContain('secret');
  expect(scratch?.files['variables']).toContain('TOKEN=secret\n');
  expect(scratch?.files['variables']).not.toContain('compiled');
  expect(launch.args).toContain(`--env-file=${scratch?.folder}/variables`);
  expect(launch.args).toContain(`--security-opt=seccomp=${scratch?.folder}/seccomp.json`);
  expect(JSON.parse(String(scratch?.files['seccomp.json']))).toMatchObject({ defaultAction: 'SCMP_ACT_ALLOW' });
});

test('container: docker gets no flag of podman’s', () => {
  const docker = makeContainer({ tool: '/usr/bin/docker', image: 'node:24' });
  expect(docker.confine(SAMPLE_SPEC, samplePolicy()).launch.args).not.toContain('--userns=keep-id');
});

test.each<[string, Partial<Policy>, string]>([
  ['an allow-list of the network', { net: [{ host: 'example.org', port: 443, text: 'example.org' }] }, 'allow-list'],
  ['a comma in a path', { read: [{ source: '/srv/a,readonly=false', target: '/srv/a' }] }, 'comma'],
])('container: confine() refuses %s', (_what, more, word) => {
  expect(() => enclose(more)).toThrow(expect.objectContaining({ code: 'PLUGIN_REFUSED', message: expect.stringContaining(word) }));
});

test('container: confine() refuses a variable that could add another one', () => {
  const spec = { ...SAMPLE_SPEC, env: { A: 'b\nLD_PRELOAD=/plugin/x.so' } };
  expect(() => enclose({}, spec)).toThrow(/line break/);
});

test('container: without an engine or an image it refuses, and its probe says what is missing', async () => {
  const none = makeContainer({ tool: undefined, image: undefined });
  expect(() => none.confine(SAMPLE_SPEC, samplePolicy())).toThrow(expect.objectContaining({ code: 'PLUGIN_REFUSED' }));
  expect(await none.probe()).toMatchObject({ ok: false, why: expect.stringMatching(/podman|Linux/), fix: expect.stringMatching(/./) });
  const noImage = makeContainer({ tool: '/usr/bin/podman', image: undefined });
  expect(await noImage.probe()).toMatchObject({ ok: false, why: expect.stringMatching(/sandbox\.image|Linux/) });
});
