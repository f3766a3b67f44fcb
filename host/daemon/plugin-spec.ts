import { join } from 'node:path';
import type { Config } from '@outrigger/schemas';
import { resolveCommand } from '../process/resolve-command.ts';
import type { RegisteredPlugin } from '../registry/types.ts';
import type { PluginSpec } from '../supervisor/types.ts';

/** Variables every plugin gets when the host has them: enough to find programs and to print text, nothing that is secret. */
const PASSED_ON = ['PATH', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'TMPDIR', 'SYSTEMROOT'];

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
}

/** What the supervisor must know, out of the manifest, the operator’s config and the defaults. The environment is built from nothing. */
export function pluginSpec(plugin: RegisteredPlugin, context: SpecContext): PluginSpec {
  const { manifest, directory } = plugin;
  if (manifest === undefined || directory === undefined) throw new TypeError(`plugin "${plugin.name}" has no manifest`);
  const { runtime } = manifest;
  const limits = { ...LIMITS, ...context.config.limits };
  const env = environment(plugin, context);
  const resolved = resolveCommand(runtime.command, directory, env['PATH'] ?? '');
  return {
    name: plugin.name,
    version: manifest.version,
    launch: {
      plugin: plugin.name,
      // An unresolved command is launched as it stands: the start fails and the diagnosis says why.
      command: 'file' in resolved ? resolved.file : runtime.command,
      args: runtime.args ?? [],
      cwd: directory,
      env,
    },
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

function environment(plugin: RegisteredPlugin, { env, cacheDir }: SpecContext): Record<string, string> {
  const built: Record<string, string> = {};
  for (const name of [...PASSED_ON, ...plugin.env]) {
    const value = env[name];
    if (value !== undefined) built[name] = value;
  }
  const runtime = plugin.manifest?.runtime;
  if (runtime?.command === 'node') built['NODE_COMPILE_CACHE'] = join(cacheDir, 'compiled', plugin.name);
  return { ...built, ...runtime?.env, OUTRIGGER_PLUGIN: plugin.name, OUTRIGGER_PROTOCOL: '1' };
}
