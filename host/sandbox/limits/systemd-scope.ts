import { spawn, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { ResourceLimits } from '../types.ts';
import { readFact } from './read-fact.ts';
import { oomKills, PROBE_LIMITS, settingsSystemd } from './settings.ts';
import type { HardLimit, Limiter } from './types.ts';

const RUN = '/usr/bin/systemd-run';
const CONTROL = '/usr/bin/systemctl';
const ENV = '/usr/bin/env';
/** Without an answer by then, the manager counts as not there; in milliseconds. */
const ANSWER_MS = 2000;
/** How often a process is looked for in its scope, until it is there. */
const LOOK_MS = 50;
const CGROUP = '/sys/fs/cgroup';

/**
 * Limits by a transient scope of systemd's user manager (of the system's, for a host run by root). A reason when there is none.
 * Not run on the machine it was built on, which has no systemd.
 */
export function findSystemd(uid: number): Limiter | { readonly why: string } {
  if (!existsSync('/run/systemd/system') || !existsSync(RUN)) return { why: 'no systemd' };
  const [file = ENV, ...args] = [...scopePrefix(uid, PROBE_LIMITS), '/bin/sh', '-c', READ_LIMITS];
  const tried = spawnSync(file, args, { env: {}, encoding: 'utf8', timeout: ANSWER_MS, stdio: ['ignore', 'pipe', 'pipe'] });
  const hard = hardIn(tried.stdout ?? '');
  if (tried.status !== 0 || hard === undefined) return { why: `systemd-run: ${(tried.stderr ?? '').trim().split('\n')[0] || 'no answer'}` };
  const fix = 'systemctl edit user@.service, with Delegate=cpu memory pids under [Service]';
  return {
    kind: 'systemd',
    label: uid === 0 ? 'systemd scope' : 'systemd scope of the user',
    hard,
    gap: hard.has('cpu') ? undefined : { why: 'systemd does not delegate the cpu controller to users here', fix },
    prefix: (_plugin, limits) => scopePrefix(uid, limits),
    bases: () => [],
  };
}

/** The words before a command that runs it in a scope of its own with these limits, and with an empty environment. Pure. */
export function scopePrefix(uid: number, limits: ResourceLimits): string[] {
  const manager = uid === 0 ? [] : ['--user'];
  const bus = uid === 0 ? [] : [`XDG_RUNTIME_DIR=/run/user/${uid}`];
  // systemd-run hands its own environment on to a scope, and what bubblewrap is started with a plugin can read.
  return [ENV, '-i', ...bus, RUN, ...manager, '--scope', '--quiet', ...settingsSystemd(limits), '--', ENV, '-i'];
}

/** The scope that a process moves itself into. */
export interface Scope {
  /** Asked after the exit. */
  wasEndedForMemory(): boolean;
  close(): void;
}

/** Follows one process that was started with the prefix: it is in its scope a moment later, and only while it lives can that be seen. */
export function followScope(pid: number, uid: number): Scope {
  let group: string | undefined;
  const look = (): void => {
    group ??= scopeIn(readFact(`/proc/${pid}/cgroup`));
    if (group !== undefined) clearInterval(timer);
  };
  const timer = setInterval(look, LOOK_MS).unref();
  return {
    wasEndedForMemory: () => {
      look();
      return group !== undefined && (oomKills(readFact(`${CGROUP}${group}/memory.events`)) > 0 || resultOf(group, uid) === 'oom-kill');
    },
    close: () => {
      clearInterval(timer);
      if (group !== undefined) end(group, uid);
      group = undefined;
    },
  };
}

// The group goes when its last process does; the unit that failed remembers.
function resultOf(group: string, uid: number): string | undefined {
  const { manager, options } = asking(uid);
  const words = [...manager, 'show', '--property=Result', '--value', basename(group)];
  return spawnSync(CONTROL, words, { ...options, encoding: 'utf8' }).stdout?.trim();
}

function end(group: string, uid: number): void {
  try {
    writeFileSync(`${CGROUP}${group}/cgroup.kill`, '1', { flag: 'r+' });
  } catch {
    // The scope is empty and gone: the usual case.
  }
  const { manager, options } = asking(uid);
  const reset = spawn(CONTROL, [...manager, 'reset-failed', basename(group)], { ...options, stdio: 'ignore' });
  reset.on('error', () => {}).unref();
}

function asking(uid: number): { manager: string[]; options: { env: Record<string, string>; timeout: number } } {
  const env: Record<string, string> = uid === 0 ? {} : { XDG_RUNTIME_DIR: `/run/user/${uid}` };
  return { manager: uid === 0 ? [] : ['--user'], options: { env, timeout: ANSWER_MS } };
}

/** The scope that `systemd-run` made, out of /proc/PID/cgroup. Pure. */
export function scopeIn(cgroup: string): string | undefined {
  return /^0::(\/.*\/run-[^/]+\.scope)$/m.exec(cgroup)?.[1];
}

const READ_LIMITS = `g=$(sed -n 's/^0:://p' /proc/self/cgroup); cd "${CGROUP}$g" && for f in memory pids cpu; do [ -e $f.max ] && echo "$f $(cat $f.max)"; done; true`;

/** Which limits a scope really has, out of lines `memory 67108864`; `max` is none. Undefined without memory and pids. Pure. */
export function hardIn(text: string): ReadonlySet<HardLimit> | undefined {
  const found = (['memory', 'pids', 'cpu'] as const).filter((name) => new RegExp(`^${name} \\d`, 'm').test(text));
  return found.includes('memory') && found.includes('pids') ? new Set(found) : undefined;
}
