import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { gvisor, ociConfig, RUNSC } from '../../../../host/sandbox/drivers/gvisor.ts';
import type { Policy } from '../../../../host/sandbox/types.ts';
import { testWhere } from '../../../support/needs.ts';
import { GENEROUS, SAMPLE_SPEC, samplePolicy } from './sample-policy.ts';

interface Config {
  readonly root: object;
  readonly process: {
    readonly args: string[];
    readonly env: string[];
    readonly capabilities: Record<string, string[]>;
    readonly noNewPrivileges: boolean;
  };
  readonly mounts: { readonly destination: string; readonly type: string; readonly source: string; readonly options?: string[] }[];
  readonly linux: { readonly namespaces: { readonly type: string }[]; readonly seccomp: { readonly syscalls: unknown[] } };
}

const configOf = (more: Partial<Policy> = {}, spec = SAMPLE_SPEC): Config => ociConfig(spec, samplePolicy(more)) as Config;

test('gvisor: ociConfig() has a read-only root, no capabilities, and namespaces of its own', () => {
  const { root, process: started, linux } = configOf();
  expect(root).toEqual({ path: 'rootfs', readonly: true });
  expect(Object.values(started.capabilities).flat()).toEqual([]);
  expect(started.noNewPrivileges).toBe(true);
  expect(linux.namespaces.map(({ type }) => type).sort()).toEqual(['ipc', 'mount', 'network', 'pid', 'uts']);
  expect(linux.seccomp.syscalls.length).toBeGreaterThan(10);
});

test('gvisor: ociConfig() binds the system read-only and nothing of the host that was not granted', () => {
  const { mounts } = configOf(GENEROUS);
  const bound = mounts.filter(({ type }) => type === 'bind');
  const writable = bound.filter(({ options }) => options?.includes('rw')).map(({ destination }) => destination);
  expect(writable).toEqual(['/data', '/cache', '/srv/project/out']);
  expect(bound.every(({ options }) => options?.includes('nosuid') && options.includes('nodev'))).toBe(true);
  const system = bound
    .map(({ source }) => source)
    .filter((source) => !/^\/(usr|bin|sbin|lib|lib64|etc\/(alternatives|ssl\/certs|ca-certificates))$/.test(source));
  expect(system).toEqual([
    '/srv/plugins/sample',
    '/home/user/data/sample',
    '/home/user/.cache/compiled/abc',
    '/srv/project',
    '/srv/real/out',
  ]);
});

test('gvisor: ociConfig() mounts an inner folder after the one around it', () => {
  const targets = configOf({
    ...GENEROUS,
    read: [
      { source: '/a/b', target: '/a/b' },
      { source: '/a', target: '/a' },
    ],
  }).mounts.map(({ destination }) => destination);
  expect(targets.indexOf('/a')).toBeLessThan(targets.indexOf('/a/b'));
});

test('gvisor: ociConfig() sizes its own memory file systems', () => {
  const memory = configOf().mounts.filter(({ type }) => type === 'tmpfs');
  expect(memory.map(({ destination }) => destination)).toEqual(['/dev', '/tmp']);
  expect(memory.every(({ options }) => options?.some((option) => option.startsWith('size=')))).toBe(true);
});

test('gvisor: ociConfig() starts the plugin with its own paths and variables', () => {
  const { args, env } = configOf(GENEROUS).process;
  expect(args).toEqual(['/usr/bin/node', '/plugin/main.mjs', '--flag', '/etc/hosts']);
  expect(env).toEqual(expect.arrayContaining(['TOKEN=secret', 'OUTRIGGER_DATA=/data', 'NODE_COMPILE_CACHE=/cache', 'HOME=/tmp']));
});

test('gvisor: ociConfig() binds of a runtime outside the system the program alone, and none that only a manifest names', () => {
  const sourcesOf = (command: string): string[] => configOf({}, { ...SAMPLE_SPEC, command }).mounts.map(({ source }) => source);
  const node = realpathSync(process.execPath);

  expect(sourcesOf(process.execPath).includes(node)).toBe(!node.startsWith('/usr/'));
  expect(sourcesOf(process.execPath)).not.toContain(dirname(node));
  expect(() => sourcesOf(join(import.meta.dirname, '../../../../node_modules/.bin/tsc'))).toThrow('is neither on the PATH of the host');
});

test('gvisor: confine() keeps the bundle in a folder of its own and cleans up by its name', () => {
  const { launch, scratch, grade } = gvisor.confine(SAMPLE_SPEC, samplePolicy());
  expect(grade).toBe('kernel');
  expect(launch.args).toEqual(
    expect.arrayContaining([RUNSC, '--rootless', '--network=none', '--host-uds=none', '--oci-seccomp', '--bundle']),
  );
  expect(launch.args[4]).toBe(scratch?.folder);
  expect(launch.args[1]).toContain('delete -force');
  expect(JSON.stringify(launch)).not.toContain('secret');
  expect(Object.keys(scratch?.files ?? {})).toContain('config.json');
});

test('gvisor: confine() refuses an allow-list of the network', () => {
  const net = [{ host: 'example.org', port: 443, text: 'example.org' }] as const;
  expect(() => gvisor.confine(SAMPLE_SPEC, samplePolicy({ net }))).toThrow(expect.objectContaining({ code: 'PLUGIN_REFUSED' }));
});

testWhere(!existsSync(RUNSC), 'runsc is there')('gvisor: probe() says that runsc is missing', async () => {
  expect(await gvisor.probe()).toMatchObject({
    ok: false,
    why: expect.stringContaining('runsc'),
    fix: expect.stringContaining('gvisor.dev'),
  });
});
