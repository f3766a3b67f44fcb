import type { LaunchSpec } from '../../../../host/process/types.ts';
import type { Policy } from '../../../../host/sandbox/types.ts';

/** A policy that grants nothing, with differences. */
export function samplePolicy(more: Partial<Policy> = {}): Policy {
  return {
    plugin: 'sample',
    directory: '/srv/plugins/sample',
    dataDir: undefined,
    cacheDir: undefined,
    read: [],
    write: [],
    net: [],
    canFork: false,
    ipc: false,
    native: false,
    uid: undefined,
    limits: { memoryMb: 256, cpu: 0.5, pids: 32, openFiles: 128, tmpMb: 16, storageMb: 8 },
    ...more,
  };
}

/** A plugin written in JavaScript, started with a file of its own. */
export const SAMPLE_SPEC: LaunchSpec = {
  plugin: 'sample',
  command: '/usr/bin/node',
  args: ['/srv/plugins/sample/main.mjs', '--flag', '/etc/hosts'],
  cwd: '/srv/plugins/sample',
  env: { TOKEN: 'secret', NODE_COMPILE_CACHE: '/home/user/.cache/compiled' },
};

/** What a plugin may be granted at most, but for the network. */
export const GENEROUS: Partial<Policy> = {
  dataDir: '/home/user/data/sample',
  cacheDir: '/home/user/.cache/compiled/abc',
  read: [{ source: '/srv/project', target: '/srv/project' }],
  write: [{ source: '/srv/real/out', target: '/srv/project/out' }],
};
