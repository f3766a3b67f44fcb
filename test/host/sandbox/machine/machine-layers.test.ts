import { expect, test } from 'vitest';
import { type Layer, type Machine, machineLayers } from '../../../../host/sandbox/machine/machine-layers.ts';

const ALL = ['user', 'pid', 'net', 'ipc', 'mnt', 'uts'].map((name) => `/proc/self/ns/${name}`);

/** A picture of a machine on which everything works, with differences. */
function machine(files: Record<string, string> = {}, { uid = 1000, arch = 'x64', without = [] as string[] } = {}): Machine {
  const texts: Record<string, string> = { '/proc/sys/kernel/seccomp/actions_avail': 'kill_process errno allow', ...files };
  const present = [
    ...ALL,
    '/usr/bin/prlimit',
    '/usr/bin/nsenter',
    '/usr/bin/perl',
    '/usr/bin/python3',
    '/usr/bin/apt-get',
    ...Object.keys(texts),
  ];
  return { read: (file) => texts[file], has: (file) => present.includes(file) && !without.includes(file), uid, arch };
}

function layer(name: string, picture: Machine): Layer | undefined {
  return machineLayers(picture).find((each) => each.name === name);
}

test('machineLayers() of a machine with everything finds all layers on', () => {
  const states = machineLayers(machine({ '/sys/kernel/security/lsm': 'lockdown,landlock,yama' })).map(({ state }) => state);
  expect(new Set(states)).toEqual(new Set(['on']));
});

test.each([
  [{ '/proc/sys/kernel/unprivileged_userns_clone': '0' }, 'off', 'sysctl -w kernel.unprivileged_userns_clone=1'],
  [{ '/proc/sys/user/max_user_namespaces': '0' }, 'off', 'sysctl -w user.max_user_namespaces'],
  [{ '/proc/sys/kernel/apparmor_restrict_unprivileged_userns': '1' }, 'partial', 'bwrap-userns-restrict'],
  [{ '/proc/sys/kernel/apparmor_restrict_unprivileged_userns': '0' }, 'on', undefined],
])('machineLayers() with %j finds namespaces %s', (files, state, fix) => {
  const found = layer('namespaces', machine(files));
  expect(found?.state).toBe(state);
  if (fix === undefined) expect(found?.fix).toBeUndefined();
  else expect(found?.fix).toContain(fix);
});

test('machineLayers() names the namespaces that a kernel lacks', () => {
  const found = layer('namespaces', machine({}, { without: ['/proc/self/ns/net'] }));
  expect(found).toMatchObject({ state: 'off', message: expect.stringContaining('net') });
});

test.each([
  [machine({ '/proc/sys/kernel/seccomp/actions_avail': '' }), 'kernel'],
  [machine({}, { arch: 'ia32' }), 'ia32'],
])('machineLayers() finds seccomp off without a kernel or a table for it', (picture, word) => {
  expect(layer('seccomp', picture)).toMatchObject({ state: 'off', message: expect.stringContaining(word) });
});

test.each([
  ['lockdown,landlock', 'on'],
  ['lockdown,yama', 'off'],
  [undefined, 'partial'],
])('machineLayers() with security modules %s finds landlock %s, which nothing depends on', (modules, state) => {
  const files: Record<string, string> = modules === undefined ? {} : { '/sys/kernel/security/lsm': modules };
  expect(layer('landlock', machine(files))).toMatchObject({ state, isOptional: true });
});

test('machineLayers() asks for perl of root only', () => {
  expect(layer('perl', machine())).toBeUndefined();
  expect(layer('perl', machine({}, { uid: 0, without: ['/usr/bin/perl'] }))).toMatchObject({
    state: 'off',
    fix: expect.stringContaining('apt-get install perl'),
  });
});

test('machineLayers() says what installs a missing nsenter', () => {
  const found = layer('nsenter', machine({}, { without: ['/usr/bin/nsenter'] }));
  expect(found).toMatchObject({ state: 'off', isOptional: false, fix: expect.stringContaining('util-linux') });
});

test.each([
  [{ '/.dockerenv': '' }, '--security-opt'],
  [{ '/proc/sys/kernel/osrelease': '4.4.0-19041-Microsoft' }, 'WSL 1'],
])('machineLayers() with %j warns of the surroundings', (files, word) => {
  expect(layer('surroundings', machine(files))?.message).toContain(word);
});

test('machineLayers() says nothing of WSL 2', () => {
  expect(layer('surroundings', machine({ '/proc/sys/kernel/osrelease': '5.15.0-microsoft-standard-WSL2' }))).toBeUndefined();
});
