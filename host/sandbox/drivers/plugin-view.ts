import { isAbsolute, join, relative } from 'node:path';
import type { LaunchSpec } from '../../process/types.ts';
import type { Mount, Policy } from '../types.ts';

/** Where a plugin sees its own things, with drivers that give it a file system of its own. */
export const INSIDE = { plugin: '/plugin', data: '/data', cache: '/cache' } as const;

/** A path below a folder of the host, as it is below another one; undefined when it lies elsewhere. Pure. */
export function moved(path: string, from: string, to: string): string | undefined {
  if (!isAbsolute(path)) return undefined;
  const rest = relative(from, path);
  if (rest === '') return to;
  return rest === '..' || rest.startsWith('../') || isAbsolute(rest) ? undefined : join(to, rest);
}

/** The words of the plugin's command, with paths into its own folder as it sees them. Pure. */
export function argumentsInside(spec: LaunchSpec, policy: Policy): string[] {
  return spec.args.map((arg) => moved(arg, policy.directory, INSIDE.plugin) ?? arg);
}

/** What is mounted, read-only and writable. Pure. */
export function mountsOf(policy: Policy): { readonly read: readonly Mount[]; readonly write: readonly Mount[] } {
  const own = (source: string | undefined, target: string): Mount[] => (source === undefined ? [] : [{ source, target }]);
  return {
    read: [{ source: policy.directory, target: INSIDE.plugin }, ...policy.read],
    write: [...own(policy.dataDir, INSIDE.data), ...own(policy.cacheDir, INSIDE.cache), ...policy.write],
  };
}

/** The plugin's environment inside: what it was granted, with our own places. Pure. */
export function environmentInside(spec: LaunchSpec, policy: Policy): Record<string, string> {
  const { NODE_COMPILE_CACHE: _dropped, PYTHONPYCACHEPREFIX: _compiled, ...granted } = spec.env;
  return {
    LANG: 'C.UTF-8',
    ...granted,
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: '/tmp',
    TMPDIR: '/tmp',
    ...(policy.dataDir === undefined ? {} : { OUTRIGGER_DATA: INSIDE.data }),
    ...(policy.cacheDir === undefined ? {} : { NODE_COMPILE_CACHE: INSIDE.cache, PYTHONPYCACHEPREFIX: `${INSIDE.cache}/python` }),
  };
}

/** Folders on the host that the plugin can write. Pure. */
export function writableOf(policy: Policy): string[] {
  return mountsOf(policy).write.map(({ source }) => source);
}
