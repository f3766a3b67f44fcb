import { expect, test } from 'vitest';
import { badMount, profileArguments } from '../../../../host/sandbox/drivers/bubblewrap-profile.ts';

const limits = { memoryMb: 512, cpu: 1, pids: 64, openFiles: 256, tmpMb: 32, storageMb: 64 };
const layout = [
  { path: '/bin', link: 'usr/bin' },
  { path: '/lib', link: undefined },
];
const mounts = [
  { source: '/a', target: '/plugin', mode: 'ro' },
  { source: '/b', target: '/data', mode: 'rw' },
] as const;
const profile = {
  layout,
  mounts,
  limits,
  env: { NAME: 'value' },
  needsNetwork: false,
  fds: { filter: 4, files: 5, status: 9 },
};
const text = (more = {}): string => profileArguments({ ...profile, ...more }).join(' ');

test('profileArguments() makes every namespace by name, and each memory disk of a size', () => {
  const args = profileArguments(profile);

  for (const name of ['user', 'pid', 'ipc', 'uts', 'net', 'cgroup-try']) expect(args).toContain(`--unshare-${name}`);
  const disks = args.flatMap((arg, index) => (arg === '--tmpfs' ? [index] : []));
  expect(disks).toHaveLength(4);
  for (const index of disks)
    expect(args.slice(index - 4, index + 1)).toEqual(['--size', expect.stringMatching(/^\d+$/), '--perms', expect.any(String), '--tmpfs']);
});

test('profileArguments() mounts what it is given and closes the root last', () => {
  expect(text()).toContain('--ro-bind /a /plugin --bind /b /data');
  expect(text()).toContain('--symlink usr/bin /bin --ro-bind /lib /lib');
  expect(text()).toContain('--clearenv --setenv NAME value');
  expect(text()).toMatch(/--remount-ro \/$/);
});

test('profileArguments() leaves the namespace of users open to the proxy only where there is one', () => {
  expect(text()).toContain('--disable-userns');
  expect(text({ needsNetwork: true })).not.toContain('--disable-userns');
});

test.for([
  ['/', 'would cover'],
  ['/home', 'would cover'],
  ['/etc', 'would cover'],
  ['/etc/passwd', 'is made up'],
  ['/proc/1', 'the kernel itself shows'],
  ['/dev/kvm', 'the kernel itself shows'],
  ['/plugin', 'wanted twice'],
  ['/plugin/x', 'the plugin’s own folder'.replace('’', "'")],
  ['/data/x', 'which the plugin can write'],
] as const)('badMount() refuses "%s"', ([target, why]) => {
  expect(badMount([...mounts, { source: '/x', target, mode: 'ro' }])).toContain(why);
});

test.for(['/project', '/home/user/project', '/tmp', '/tmp/project', '/etc/app/config', '/datax'])('badMount() lets "%s" be', (target) => {
  expect(badMount([...mounts, { source: '/x', target, mode: 'rw' }])).toBeUndefined();
});
