import { delimiter, join } from 'node:path';
import type { Config, Manifest, Permissions } from '@outrigger/schemas';
import { resolveCommand } from '../process/resolve-command.ts';
import type { LaunchSpec } from '../process/types.ts';
import type { RegisteredPlugin } from '../registry/types.ts';
import type { DriverName } from '../sandbox/types.ts';
import type { PluginSpec } from '../supervisor/types.ts';

/** Variables every plugin gets when the host has them: enough to find programs and to print text, nothing that is secret. */
const PASSED_ON = ['PATH', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'TMPDIR', 'SYSTEMROOT'];

/** Python, or a script of the plugin's own. */
const MAYBE_PYTHON = /^\.\/|^(?:.*\/)?(?:python|pypy)[\d.]*$/;

export const LIMITS = {
  maxMessageBytes: 10_485_760,
  queueCalls: 1024,
  queueBytes: 16_777_216,
  startDeadlineMs: 10_000,
  emitDepth: 8,
  logsPerSecond: 200,
  pollutionLines: 1000,
} as const;

export interface SpecContext {
  readonly config: Config;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where Node plugins keep compiled code: a start of a TypeScript plugin takes half the time with it. */
  readonly cacheDir: string;
  readonly inspect: boolean;
  readonly hooks: readonly string[];
  /** What it may do by the time it starts; left out: what it was granted when the host started. */
  readonly granted?: () => Permissions;
}

/** What the supervisor must know, out of the manifest, the operator’s config and the defaults. The environment is built from nothing. */
export function pluginSpec(plugin: RegisteredPlugin, context: SpecContext): PluginSpec {
  const { manifest, directory } = plugin;
  if (manifest === undefined || directory === undefined) throw new TypeError(`plugin "${plugin.name}" has no manifest`);
  const { runtime } = manifest;
  const limits = { ...LIMITS, ...context.config.limits };
  // What runs with the user's rights reads this cache: no confined plugin may write to it.
  const compileCache = plugin.confinement === undefined ? join(context.cacheDir, 'compiled', plugin.name) : undefined;
  const env = environment(plugin, context, { granted: plugin.granted, compileCache });
  const launch = launchSpec(plugin.name, { runtime, directory, env, path: env['PATH'] ?? '' });
  return {
    name: plugin.name,
    version: manifest.version,
    launch,
    confine: confinedBy(plugin, manifest, context),
    framing: runtime.framing ?? 'lines',
    hooks: context.hooks,
    config: plugin.config,
    activation: manifest.activation ?? 'lazy',
    idleStopMs: manifest.idleStopMs ?? 300_000,
    concurrency: manifest.concurrency ?? 64,
    queueCalls: limits.queueCalls,
    queueBytes: limits.queueBytes,
    startDeadlineMs: limits.startDeadlineMs,
    maxMessageBytes: limits.maxMessageBytes,
    logsPerSecond: limits.logsPerSecond,
    pollutionLines: limits.pollutionLines,
    inspect: context.inspect,
  };
}

/** Drivers under which a plugin sees its files by their real names. */
const SHOWN_IN_PLACE: ReadonlySet<DriverName> = new Set(['landlock', 'seatbelt']);

/** A confined plugin starts from the folder its policy names, with what it is granted by then. */
function confinedBy(plugin: RegisteredPlugin, { runtime }: Manifest, context: SpecContext): PluginSpec['confine'] {
  const { name, confinement, granted, directory } = plugin;
  if (confinement === undefined) {
    // A mistake of ours must not let it run bare.
    if (plugin.trust !== 'full') throw new TypeError(`plugin "${name}" is not trusted and has no sandbox`);
    return undefined;
  }
  return () => {
    const now = context.granted?.() ?? granted;
    const policy = confinement.policy(now);
    const env = environment(plugin, context, { granted: now, compileCache: policy.cacheDir });
    const path = policy.programs?.path.join(delimiter) ?? '';
    const launch = launchSpec(name, { runtime, directory: policy.directory, env, path });
    // The others look above the folder it was found in for the SDK, which the copy it runs from does not have above it.
    const cwd = directory === undefined || SHOWN_IN_PLACE.has(confinement.driver.name) ? policy.directory : directory;
    return confinement.driver.confine({ ...launch, cwd }, policy);
  };
}

interface LaunchSource {
  readonly runtime: Manifest['runtime'];
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  /** Where a name is looked for: never what a manifest says, unless the plugin has full trust. */
  readonly path: string;
}

function launchSpec(plugin: string, { runtime, directory, env, path }: LaunchSource): LaunchSpec {
  const resolved = resolveCommand(runtime.command, directory, path);
  // An unresolved command is launched as it stands: the start fails and the diagnosis says why.
  const command = 'file' in resolved ? resolved.file : runtime.command;
  return { plugin, command, args: runtime.args ?? [], cwd: directory, env };
}

interface Given {
  readonly granted: Permissions;
  /** Where Node and Python keep what they compiled; undefined: in its folder, or nowhere. */
  readonly compileCache: string | undefined;
}

function environment(plugin: RegisteredPlugin, { env }: SpecContext, { granted, compileCache }: Given): Record<string, string> {
  const built: Record<string, string> = {};
  for (const name of [...PASSED_ON, ...(granted.env ?? [])]) {
    const value = env[name];
    if (value !== undefined) built[name] = value;
  }
  const runtime = plugin.manifest?.runtime;
  if (compileCache !== undefined && runtime?.command === 'node') built['NODE_COMPILE_CACHE'] = compileCache;
  // The folder is compared with what was accepted, and must not change by being run.
  if (compileCache !== undefined && MAYBE_PYTHON.test(runtime?.command ?? '')) built['PYTHONPYCACHEPREFIX'] = join(compileCache, 'python');
  return { ...built, ...runtime?.env, OUTRIGGER_PLUGIN: plugin.name, OUTRIGGER_PROTOCOL: '1' };
}
