import { expect, test } from 'vitest';
import { argumentsInside, environmentInside, mountsOf, moved, writableOf } from '../../../../host/sandbox/drivers/plugin-view.ts';
import { GENEROUS, SAMPLE_SPEC, samplePolicy } from './sample-policy.ts';

test.each([
  ['/srv/a', '/plugin'],
  ['/srv/a/main.mjs', '/plugin/main.mjs'],
  ['/srv/a/..b', '/plugin/..b'],
  ['/srv/a/../b', undefined],
  ['/srv/ab', undefined],
  ['main.mjs', undefined],
])('moved() of %s from /srv/a to /plugin is %s', (path, result) => {
  expect(moved(path, '/srv/a', '/plugin')).toBe(result);
});

test('argumentsInside() moves what lies in the plugin’s folder and nothing else', () => {
  expect(argumentsInside(SAMPLE_SPEC, samplePolicy())).toEqual(['/plugin/main.mjs', '--flag', '/etc/hosts']);
});

test('mountsOf() shows the plugin’s folder only, when nothing was granted', () => {
  expect(mountsOf(samplePolicy())).toEqual({ read: [{ source: '/srv/plugins/sample', target: '/plugin' }], write: [] });
  expect(writableOf(samplePolicy(GENEROUS))).toEqual(['/home/user/data/sample', '/home/user/.cache/compiled/abc', '/srv/real/out']);
});

test('environmentInside() keeps what was granted, and never the host’s own cache or search path', () => {
  const spec = { ...SAMPLE_SPEC, env: { ...SAMPLE_SPEC.env, PATH: '/home/user/bin', LANG: 'de_DE.UTF-8' } };
  const env = environmentInside(spec, samplePolicy());
  expect(env).toEqual({ TOKEN: 'secret', LANG: 'de_DE.UTF-8', PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/tmp', TMPDIR: '/tmp' });
});
