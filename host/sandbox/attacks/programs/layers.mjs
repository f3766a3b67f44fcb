// What this process can see of its own confinement: for the host, which knows what should be there.
import { readFileSync, readlinkSync } from 'node:fs';

const NAMESPACES = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'user', 'uts'];
const LIMITS = { 'Max core file size': 'core', 'Max open files': 'openFiles', 'Max processes': 'pids', 'Max file size': 'fileSize' };

export function layers() {
  const status = Object.fromEntries(
    readFileSync('/proc/self/status', 'utf8')
      .split('\n')
      .map((line) => line.split(':\t')),
  );
  const limits = readFileSync('/proc/self/limits', 'utf8')
    .split('\n')
    .map((line) => /^(Max [a-z ]+?) {2,}(\S+) +(\S+)/.exec(line))
    .filter((found) => found !== null && found[1] in LIMITS)
    .map(([, name, , hard]) => [LIMITS[name], hard]);
  return {
    seccomp: Number(status['Seccomp']),
    noNewPrivs: Number(status['NoNewPrivs']),
    capabilities: ['CapEff', 'CapPrm', 'CapInh', 'CapAmb'].map((name) => status[name]),
    namespaces: Object.fromEntries(NAMESPACES.map((name) => [name, link(`/proc/self/ns/${name}`)])),
    limits: Object.fromEntries(limits),
    hasPermissionModel: process.permission !== undefined,
  };
}

function link(path) {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
