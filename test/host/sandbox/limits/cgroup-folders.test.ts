import { expect, test } from 'vitest';
import { findHierarchies } from '../../../../host/sandbox/limits/cgroup-folders.ts';

const V1 = `31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
`;

test('findHierarchies() finds the groups of cgroup v1, controllers mounted together included', () => {
  const cgroup = '9:name=systemd:/\n8:pids:/\n4:memory:/own/group:with colon\n1:cpu,cpuacct:/x\n0::/\n';

  expect(findHierarchies(cgroup, V1)).toEqual({
    v2: undefined,
    v1: {
      memory: { root: '/sys/fs/cgroup/memory', own: '/sys/fs/cgroup/memory/own/group:with colon' },
      pids: { root: '/sys/fs/cgroup/pids', own: '/sys/fs/cgroup/pids' },
      cpu: { root: '/sys/fs/cgroup/cpu,cpuacct', own: '/sys/fs/cgroup/cpu,cpuacct/x' },
    },
  });
});

test('findHierarchies() finds the group of cgroup v2, beside v1 or alone', () => {
  const mount = '41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n';
  const v2 = { root: '/sys/fs/cgroup/unified', own: '/sys/fs/cgroup/unified/user.slice/x.scope' };

  expect(findHierarchies('0::/user.slice/x.scope\n', mount)).toEqual({ v2, v1: {} });
  expect(findHierarchies('4:memory:/\n0::/user.slice/x.scope\n', V1 + mount)).toMatchObject({ v2, v1: { memory: {} } });
});

test('findHierarchies() reads paths from the top of what is mounted, as in containers', () => {
  const mount = '41 31 0:38 /docker/abc /sys/fs/my\\040groups rw - cgroup2 cgroup2 rw\n';

  expect(findHierarchies('0::/docker/abc/sub\n', mount).v2).toEqual({ root: '/sys/fs/my groups', own: '/sys/fs/my groups/sub' });
  expect(findHierarchies('0::/elsewhere\n', mount).v2?.own).toBe('/sys/fs/my groups');
});

test('findHierarchies() finds nothing in nothing', () => {
  expect(findHierarchies('', '')).toEqual({ v2: undefined, v1: {} });
  expect(findHierarchies('rubbish\n0:x', 'rubbish\n1 2 - x')).toEqual({ v2: undefined, v1: {} });
});
