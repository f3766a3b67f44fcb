import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { resolveCommand } from '../../process/resolve-command.ts';
import { errorText } from '../../protocol/errors.ts';
import type { RegisteredPlugin, Registry } from '../../registry/types.ts';
import type { Choice } from '../../sandbox/machine/choose-driver.ts';
import { type Inspection, inspectMachine, type Layer } from '../../sandbox/machine/inspect-machine.ts';
import { installCommand } from '../../sandbox/machine/install-command.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { openRegistry } from '../open-registry.ts';
import { printable } from '../print/printable.ts';
import { problemText, shortPath } from '../print/problem-text.ts';
import { type Cell, table } from '../print/table.ts';
import { traceLocation } from '../trace-location.ts';

/** One line of the report. */
export interface Check {
  readonly check: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly message: string;
  /** What to do about it. */
  readonly fix?: string;
  /** Of a layer of the sandbox: how much of it there is. */
  readonly layer?: Layer['state'];
}

const TONES = { ok: 'good', warn: 'warn', fail: 'bad' } as const;

/** `outrigger doctor`: 1 when something fails; with `strict`, when something is not as it should be. */
export async function doctor(context: CliContext, { strict = false }: { readonly strict?: boolean } = {}): Promise<number> {
  const checks = [nodeCheck(process.versions.node), shellCheck(), deathSignalCheck(), ...(await placeChecks(context))];
  const ok = checks.every(({ status }) => status === 'ok' || (status === 'warn' && !strict));
  context.answer({ ok, checks }, () => {
    const rows = checks.map(({ check, status, layer, message, fix }): Cell[] => [
      { text: status, tone: TONES[status] },
      { text: printable(check), tone: 'name' },
      { text: printable(`${layer === undefined ? '' : `${layer}: `}${fix === undefined ? message : `${message}; ${fix}`}`) },
    ]);
    return table([{ title: '' }, { title: 'check' }, { title: 'finding' }], rows, context);
  });
  return ok ? EXIT.done : EXIT.failed;
}

/** Older ones cannot run plugins written in TypeScript. */
export function nodeCheck(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return { check: 'node', status: 'ok', message: `Node ${version}` };
  return {
    check: 'node',
    status: 'fail',
    message: `Node ${version} is too old`,
    fix: 'install Node 22.18 or newer, from https://nodejs.org',
  };
}

function shellCheck(): Check {
  if (existsSync('/bin/sh')) return { check: 'guardian', status: 'ok', message: '/bin/sh ends the plugins of a host that was killed' };
  return {
    check: 'guardian',
    status: 'warn',
    message: 'there is no /bin/sh: plugins may outlive a host that was killed',
    fix: 'install a POSIX shell as /bin/sh',
  };
}

function deathSignalCheck(): Check {
  const check = 'setpriv';
  if (process.platform !== 'linux') return { check, status: 'ok', message: 'not needed on this system' };
  if (existsSync('/usr/bin/setpriv')) return { check, status: 'ok', message: 'the kernel ends plugins together with their host' };
  return {
    check,
    status: 'warn',
    message: '/usr/bin/setpriv is missing: plugins of a killed host end a moment later',
    fix: installCommand('util-linux'),
  };
}

async function placeChecks(context: CliContext): Promise<Check[]> {
  let registry: Registry;
  try {
    registry = await openRegistry(context);
  } catch (error) {
    const message = errorText(error);
    const fix = 'correct the file, then run "outrigger doctor" again';
    return [{ check: 'config', status: 'fail', message, fix }, ...sandboxChecks(await inspectMachine(undefined), [])];
  }
  const inspection = await inspectMachine(registry.config.sandbox);
  return [...sandboxChecks(inspection, untrustedIn(registry)), ...configChecks(registry, context)];
}

/** Plugins of the config that need a sandbox. */
function untrustedIn({ config, plugins }: Registry): string[] {
  const listed = [...plugins.values()].filter(({ name }) => Object.hasOwn(config.plugins ?? {}, name));
  return listed.filter(({ trust, state }) => trust === 'none' && state !== 'disabled' && state !== 'without').map(({ name }) => name);
}

/** The layers as checks: missing ones fail only when a plugin of the config needs a driver and none is left. Pure. */
export function sandboxChecks({ layers, choice }: Inspection, untrusted: readonly string[]): Check[] {
  const checks = layers.map(({ name, state, message, fix, isOptional = false }): Check => {
    const status = state === 'on' || isOptional ? 'ok' : 'warn';
    return { check: name, status, layer: state, message, ...(fix === undefined ? {} : { fix }) };
  });
  return [...checks, sandboxCheck(choice, untrusted)];
}

function sandboxCheck(choice: Choice, untrusted: readonly string[]): Check {
  const check = 'sandbox';
  if (choice.driver !== undefined) return { check, status: 'ok', message: `untrusted plugins are confined by ${choice.driver.name}` };
  const { why, fix } = choice;
  if (untrusted.length === 0) return { check, status: 'warn', message: `untrusted plugins cannot run here: ${why}`, fix };
  return { check, status: 'fail', message: `nothing confines ${untrusted.join(', ')}: ${why}`, fix };
}

function configChecks(registry: Registry, context: CliContext): Check[] {
  const { cwd, env } = context;
  const files = registry.configFiles.map((file) => shortPath(file, cwd)).join(', ');
  const found: Check = files
    ? { check: 'config', status: 'ok', message: files }
    : { check: 'config', status: 'warn', message: 'no config file was found', fix: 'add a plugin with: outrigger plugins add <path>' };
  const traces = tracesCheck(traceLocation(registry.config.traces, env)?.file);
  const loose = registry.problems.filter(({ plugin }) => plugin === undefined || !registry.plugins.has(plugin));
  const problems = loose.map(
    (problem): Check => ({ check: 'config', status: problem.severity === 'error' ? 'fail' : 'warn', message: problemText(problem, cwd) }),
  );
  return [found, traces, ...problems, ...[...registry.plugins.values()].map((plugin) => pluginCheck(plugin, context))];
}

/** Whether traces can be kept in a file, which need not exist yet. */
export function tracesCheck(file: string | undefined): Check {
  const check = 'traces';
  if (file === undefined) return { check, status: 'warn', message: 'no traces are kept', fix: 'set "traces.file" in the config, or HOME' };
  const refusal = writeRefusal(file);
  if (refusal === undefined) return { check, status: 'ok', message: file };
  return { check, status: 'warn', message: `cannot be kept in "${file}": ${refusal}`, fix: 'set "traces.file" in the config' };
}

/** Why a file could not be written; where it does not exist yet, what is above it decides. */
function writeRefusal(path: string): string | undefined {
  try {
    accessSync(path, constants.W_OK);
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' && dirname(path) !== path ? writeRefusal(dirname(path)) : message;
  }
}

function pluginCheck(plugin: RegisteredPlugin, { cwd, env }: CliContext): Check {
  const check = `plugin ${plugin.name}`;
  const problem = plugin.problems.find(({ severity }) => severity === 'error') ?? plugin.problems[0];
  const message = problem ? problemText(problem, cwd) : (plugin.reason ?? plugin.state);
  if (plugin.state === 'broken')
    return { check, status: 'fail', message, fix: `correct it, or run "outrigger plugins disable ${plugin.name}"` };
  if (plugin.state === 'untrusted') return { check, status: 'warn', message };
  if (plugin.state !== 'enabled' || !plugin.manifest) return { check, status: 'ok', message };
  const { command } = plugin.manifest.runtime;
  const found = resolveCommand(command, plugin.directory ?? cwd, env['PATH'] ?? '');
  if ('problem' in found) return { check, status: 'fail', message: found.problem };
  if (!isExecutable(found.file))
    return { check, status: 'fail', message: `"${found.file}" is not executable`, fix: `run: chmod +x "${found.file}"` };
  return problem ? { check, status: 'warn', message } : { check, status: 'ok', message: `starts with ${found.file}` };
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
