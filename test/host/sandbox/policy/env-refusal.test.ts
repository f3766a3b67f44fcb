import { expect, test } from 'vitest';
import { envRefusal } from '../../../../host/sandbox/policy/env-refusal.ts';

test.each(
  [
    'LD_PRELOAD LD_LIBRARY_PATH DYLD_INSERT_LIBRARIES NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS PYTHONPATH PYTHONSTARTUP BASH_ENV ENV',
    'PERL5LIB PERL5OPT RUBYOPT RUBYLIB JAVA_TOOL_OPTIONS GCONV_PATH GIT_SSH_COMMAND GIT_EXTERNAL_DIFF PATH HOME OUTRIGGER_DATA_DIR',
    'HTTP_PROXY https_proxy NO_PROXY ALL_PROXY SSH_AUTH_SOCK DOCKER_HOST EDITOR PAGER GLIBC_TUNABLES SSLKEYLOGFILE DBUS_SESSION_BUS_ADDRESS',
  ]
    .join(' ')
    .split(' '),
)('envRefusal() names a reason for %s, however it is written', (name) => {
  expect(envRefusal(name)).toBeTypeOf('string');
  expect(envRefusal(name.toLowerCase())).toBeTypeOf('string');
});

test.each(['LANG', 'LC_ALL', 'TZ', 'EXAMPLE_TOKEN', 'CI', 'NODE_ENV', 'GIT_AUTHOR_NAME', 'TERM', 'PATHS', 'LDAP_HOST'])(
  'envRefusal() allows %s',
  (name) => {
    expect(envRefusal(name)).toBeUndefined();
  },
);

test.each(['', 'A=B', 'A B', 'A\0B', '1A', 'Ä'])('envRefusal() refuses %j, which is no name', (name) => {
  expect(envRefusal(name)).toContain('no name');
});
