import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch } from '../../process/launch.ts';
import { within } from '../../process/terminate.ts';
import type { Child, LaunchSpec } from '../../process/types.ts';
import { errorText } from '../../protocol/errors.ts';
import { hasFilter } from '../filter/seccomp.ts';
import { installCommand } from '../machine/install-command.ts';
import type { Enclosure, Policy, Probe } from '../types.ts';
import { PRLIMIT } from '../view/rlimits.ts';
import { explain } from './bubblewrap-errors.ts';

/** Never by PATH. */
export const BWRAP = '/usr/bin/bwrap';
const DEADLINE_MS = 10_000;

type Failure = Extract<Probe, { ok: false }>;

/** Starts a sandbox with the real profile and looks from inside: a file outside must not be seen, the filter must be on. */
export async function probeBubblewrap(confine: (spec: LaunchSpec, policy: Policy) => Enclosure): Promise<Probe> {
  const wrong = checkPrograms();
  if (wrong !== undefined) return wrong;
  const version = await readVersion();
  if (version === undefined)
    return { ok: false, why: `"${BWRAP} --version" did not answer with a version`, fix: installCommand('bubblewrap') };
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-probe-'));
  try {
    const failure = await tryOne(confine, folder);
    if (failure !== undefined) return { ...failure, version };
  } catch (error) {
    const why = errorText(error);
    return { ok: false, version, why, fix: 'mend what the reason names' };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const enforces = new Set(['fs', 'net', 'netAllow', 'pids', 'memory', 'cpu', 'signals', 'fork', 'masks'] as const);
  return { ok: true, version, enforces, notes: knownProblems(version) };
}

/** What is known to be wrong with a version, one sentence each. Pure. */
export function knownProblems(version: string): string[] {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 0 || minor >= 12) return [];
  return [
    `bubblewrap ${version} may have CVE-2026-87766 (fixed in 0.12.0): a link in a writable folder steers the next start; it is not used in the way that is affected`,
    ...(minor === 11 ? [`bubblewrap ${version} has CVE-2026-41163 when it is set-uid; this one is not`] : []),
  ];
}

function checkPrograms(): Failure | undefined {
  if (process.platform !== 'linux') return { ok: false, why: 'bubblewrap needs Linux', fix: 'run the host on Linux' };
  if (!hasFilter()) return { ok: false, why: `there is no system call filter for ${process.arch}`, fix: 'run the host on x64 or arm64' };
  for (const [file, fix] of [
    [BWRAP, installCommand('bubblewrap')],
    [PRLIMIT, installCommand('util-linux')],
  ] as const) {
    const stats = statSync(file, { throwIfNoEntry: false });
    if (stats === undefined) return { ok: false, why: `there is no "${file}"`, fix };
    if (stats.uid !== 0 || (stats.mode & 0o022) !== 0)
      return { ok: false, why: `"${file}" can be changed by others than root`, fix: `chown root ${file} && chmod go-w ${file}` };
    if ((stats.mode & 0o6000) !== 0)
      return { ok: false, why: `"${file}" is set-uid, as what it runs for a plugin must not be`, fix: `chmod ug-s ${file}` };
  }
  return undefined;
}

function readVersion(): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { cwd: '/', env: {}, timeout: DEADLINE_MS, killSignal: 'SIGKILL' } as const;
    execFile(BWRAP, ['--version'], options, (error, stdout) => resolve(error === null ? /\b\d+(?:\.\d+)+/.exec(stdout)?.[0] : undefined));
  });
}

const LIMITS = { memoryMb: 256, cpu: 1, pids: 16, openFiles: 64, tmpMb: 1, storageMb: 1 };
const LOOK =
  'test -e "$1" && echo seen; test -f /plugin/here && echo own; while read -r name value; do case $name in Seccomp:|CapEff:) echo "$name $value";; esac; done < /proc/self/status';

async function tryOne(confine: (spec: LaunchSpec, policy: Policy) => Enclosure, folder: string): Promise<Failure | undefined> {
  const directory = join(folder, 'plugin');
  const canary = join(folder, 'canary');
  mkdirSync(directory, { mode: 0o755 });
  writeFileSync(join(directory, 'here'), '');
  writeFileSync(canary, '', { mode: 0o644 });
  const spec = { plugin: 'probe', command: '/bin/sh', args: ['-c', LOOK, 'probe', canary], cwd: directory, env: {} };
  const none = { dataDir: undefined, cacheDir: undefined, read: [], write: [], net: [], ipc: false, native: false, uid: undefined };
  const enclosure = confine(spec, { ...none, plugin: 'probe', directory, canFork: false, limits: LIMITS });
  const child = launch(enclosure.launch);
  const [out, err] = [collect(child.stdout), collect(child.stderr)];
  child.stdin.end();
  if (!(await within(child.exited, DEADLINE_MS))) return tooLate(child);
  const exit = await child.exited;
  if (exit.code !== 0) return explain(exit, await err);
  return judge((await out).split('\n'));
}

function tooLate(child: Child): Failure {
  child.signal('SIGKILL');
  return { ok: false, why: `a sandbox did not end within ${DEADLINE_MS} ms`, fix: 'try again when the machine is less busy' };
}

function judge(seen: readonly string[]): Failure | undefined {
  const fix = 'report it as a security problem of this host';
  if (seen.includes('seen')) return { ok: false, why: 'a file outside the sandbox could be seen in it', fix };
  if (!seen.includes('own')) return { ok: false, why: 'the plugin’s own folder could not be read in the sandbox', fix };
  if (!seen.includes('Seccomp: 2'))
    return { ok: false, why: 'the system call filter was not on in the sandbox', fix: 'use a kernel with CONFIG_SECCOMP_FILTER' };
  if (!seen.includes('CapEff: 0000000000000000')) return { ok: false, why: 'the sandbox kept capabilities', fix };
  return undefined;
}

async function collect(stream: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  // Ended by a broken pipe as well: what came counts.
  try {
    for await (const chunk of stream) if (text.length < 10_000) text += chunk.toString();
  } catch {
    return text;
  }
  return text;
}
