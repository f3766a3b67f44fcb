import { expect, test } from 'vitest';
import { lateEnvironment } from '../../../../host/sandbox/view/late-environment.ts';
import { runConfined } from '../../../support/confined.ts';
import { testWith } from '../../../support/needs.ts';

test('lateEnvironment() sets aside what makes any program load or obey something', () => {
  const early = { LANG: 'C.UTF-8', PATH: '/usr/bin', TOKEN: 'secret', PYTHONPATH: '/plugin/lib', NODE_OPTIONS: '--no-warnings' };
  const late = {
    LD_PRELOAD: '/plugin/evil.so',
    LD_LIBRARY_PATH: '/plugin',
    GLIBC_TUNABLES: 'x=1',
    LOCPATH: '/plugin',
    BASH_ENV: '/plugin/rc',
  };

  expect(lateEnvironment(early)).toEqual({ early, words: [] });
  expect(lateEnvironment({ ...early, ...late })).toEqual({
    early,
    words: ['/usr/bin/env', '--', ...Object.entries(late).map(([name, value]) => `${name}=${value}`)],
  });
});

testWith('bwrap', 'bubblewrap')('lateEnvironment() lets the plugin’s own program see it, and none before', async () => {
  // The linker complains once for each program that it starts with this.
  const env = { LD_PRELOAD: '/plugin/none.so' };
  const { stdout, stderr } = await runConfined(['/bin/sh', '-c', 'echo "$LD_PRELOAD"; ulimit -n'], { env, limits: { openFiles: 99 } });

  expect(stdout).toBe('/plugin/none.so\n99\n');
  expect(stderr.match(/cannot be preloaded/g)).toHaveLength(1);
});
