import { accessSync, constants, existsSync } from 'node:fs';
import { resolveCommand } from '../../process/resolve-command.ts';
import type { RegisteredPlugin } from '../../registry/types.ts';
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
}

const TONES = { ok: 'good', warn: 'warn', fail: 'bad' } as const;

/** `outrigger doctor`: 1 when something fails. */
export async function doctor(context: CliContext): Promise<number> {
  const checks = [nodeCheck(process.versions.node), shellCheck(), deathSignalCheck(), sandboxCheck(), ...(await configChecks(context))];
  const ok = checks.every(({ status }) => status !== 'fail');
  context.answer({ ok, checks }, () => {
    const rows = checks.map(({ check, status, message, fix }): Cell[] => [
      { text: status, tone: TONES[status] },
      { text: printable(check), tone: 'name' },
      { text: printable(fix === undefined ? message : `${message}; ${fix}`) },
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
    fix: 'install util-linux, for example: apt-get install util-linux',
  };
}

function sandboxCheck(): Check {
  return {
    check: 'sandbox',
    status: 'warn',
    message: 'not available yet: only plugins with "trust: full" run',
    fix: 'trust no plugin you have not read',
  };
}

async function configChecks(context: CliContext): Promise<Check[]> {
  const { cwd, env } = context;
  let registry: Awaited<ReturnType<typeof openRegistry>>;
  try {
    registry = await openRegistry(context);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return [{ check: 'config', status: 'fail', message, fix: 'correct the file, then run "outrigger doctor" again' }];
  }
  const files = registry.configFiles.map((file) => shortPath(file, cwd)).join(', ');
  const found: Check = files
    ? { check: 'config', status: 'ok', message: files }
    : { check: 'config', status: 'warn', message: 'no config file was found', fix: 'add a plugin with: outrigger plugins add <path>' };
  const location = traceLocation(registry.config.traces, env);
  const traces: Check = location
    ? { check: 'traces', status: 'ok', message: location.file }
    : { check: 'traces', status: 'warn', message: 'no traces are kept', fix: 'set "traces.file" in the config, or HOME' };
  const loose = registry.problems.filter(({ plugin }) => plugin === undefined || !registry.plugins.has(plugin));
  const problems = loose.map(
    (problem): Check => ({ check: 'config', status: problem.severity === 'error' ? 'fail' : 'warn', message: problemText(problem, cwd) }),
  );
  return [found, traces, ...problems, ...[...registry.plugins.values()].map((plugin) => pluginCheck(plugin, context))];
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
