import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { basename, join } from 'node:path';
import type { LaunchSpec } from '../../process/types.ts';
import { HostError } from '../../protocol/errors.ts';
import { installCommand } from '../machine/install-command.ts';
import { tryProgram } from '../machine/try-program.ts';
import { makeScratch, removeScratch, scratchFolder } from '../scratch.ts';
import type { Enclosure, Guarantee, Mount, Policy, Probe, SandboxDriver } from '../types.ts';
import { ociSeccomp } from './oci-seccomp.ts';
import { argumentsInside, environmentInside, INSIDE, mountsOf, moved, writableOf } from './plugin-view.ts';
import { FORK_TRIAL, holdsForks, reaped, SETSID, SHELL } from './reaped.ts';

export interface ContainerOptions {
  /** Absolute path of podman or docker; undefined where there is none. */
  readonly tool: string | undefined;
  /** Image of the operator's choice, present on this machine: none is ever pulled. */
  readonly image: string | undefined;
}

const TOOLS = ['/usr/bin/podman', '/usr/local/bin/podman', '/usr/bin/docker', '/usr/local/bin/docker'];
const SECCOMP = 'seccomp.json';
const VARIABLES = 'variables';
/** What the flags alone hold, in every engine, and what the filter adds. Memory, processes and CPU depend on the engine's own cgroups. */
const ENFORCES: ReadonlySet<Guarantee> = new Set(['fs', 'net', 'signals', 'fork']);
const NOTES = [
  'memory, processes and CPU are limited by the container engine, where its control groups allow it',
  'the plugin runs with the programs of the image, not with those of this machine',
];
const PROBE_POLICY = { canFork: false, ipc: false };

/** The container engine of this machine, podman before docker. */
export function containerTool(): string | undefined {
  return TOOLS.find((file) => existsSync(file));
}

/** Plugins in containers of podman or docker, from an image of the operator's. Linux, ordinary users. Not run on the authors' machines. */
export function makeContainer({ tool, image }: ContainerOptions): SandboxDriver {
  return {
    name: 'container',
    grade: 'os',
    probe: () => probe(tool, image),
    confine: (spec, policy) => {
      if (tool === undefined || image === undefined) throw refusal(spec, 'it needs podman or docker, and "sandbox.image" in the config');
      return confine(spec, policy, { tool, image });
    },
  };
}

function confine(spec: LaunchSpec, policy: Policy, { tool, image }: { tool: string; image: string }): Enclosure {
  const name = `outrigger-${randomUUID()}`;
  const folder = scratchFolder();
  const mounts = mountsOf(policy);
  if (policy.net.length > 0) throw refusal(spec, 'a container gets no allow-list of the network; use the driver "bubblewrap"');
  const client = [
    tool,
    'run',
    ...['--rm', '--interactive', '--pull=never', '--init', '--stop-timeout=0', `--name=${name}`, '--hostname=plugin'],
    ...identity(tool),
    ...confinement(policy, join(folder, SECCOMP)),
    ...mounts.read.flatMap((mount) => ['--mount', mountText(spec, mount, true)]),
    ...mounts.write.flatMap((mount) => ['--mount', mountText(spec, mount, false)]),
    ...[`--env-file=${join(folder, VARIABLES)}`, `--workdir=${INSIDE.plugin}`, '--entrypoint='],
    image,
    commandInside(spec, policy),
    ...argumentsInside(spec, policy),
  ];
  return {
    driver: 'container',
    grade: 'os',
    limits: policy.limits,
    launch: {
      plugin: spec.plugin,
      command: SHELL,
      args: reaped(tool, name, { cleanup: CLEANUP, client }),
      cwd: '/',
      env: engineEnvironment(),
      isConfined: true,
    },
    fds: {},
    net: [],
    writable: writableOf(policy),
    scratch: {
      folder,
      files: { [SECCOMP]: JSON.stringify(ociSeccomp(policy)), [VARIABLES]: variables(spec, environmentInside(spec, policy)) },
    },
  };
}

// Twice: a client that was killed may have asked for the container a moment before the first one looked.
const CLEANUP = '"$1" rm -f "$2"; "$1" rm -f "$2"';

/** Everything but the image's own files and the mounts is closed. Pure. */
function confinement({ limits }: Pick<Policy, 'limits'>, seccomp: string): string[] {
  return [
    ...['--network=none', '--ipc=private', '--read-only', '--cap-drop=all'],
    ...['--security-opt=no-new-privileges', `--security-opt=seccomp=${seccomp}`],
    ...[`--pids-limit=${limits.pids}`, `--memory=${limits.memoryMb}m`, `--memory-swap=${limits.memoryMb}m`, `--cpus=${limits.cpu}`],
    ...[`--shm-size=${limits.tmpMb}m`, `--tmpfs=/tmp:rw,nosuid,nodev,mode=1777,size=${limits.tmpMb}m`],
    ...[`--ulimit=nofile=${limits.openFiles}:${limits.openFiles}`, '--ulimit=core=0:0'],
  ];
}

/** The user's own id inside and outside, so that a data folder stays theirs. */
function identity(tool: string): string[] {
  const { uid, gid } = userInfo();
  return [...(basename(tool) === 'podman' ? ['--userns=keep-id'] : []), `--user=${uid}:${gid}`];
}

/** The engine's own variables; none of them reaches the plugin. */
function engineEnvironment(): Record<string, string> {
  const { uid, homedir } = userInfo();
  return { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', HOME: homedir, XDG_RUNTIME_DIR: `/run/user/${uid}` };
}

/** A program of the image, by its name, unless the plugin brings it. */
function commandInside(spec: LaunchSpec, policy: Policy): string {
  return moved(spec.command, policy.directory, INSIDE.plugin) ?? basename(spec.command);
}

function mountText(spec: LaunchSpec, { source, target }: Mount, isReadOnly: boolean): string {
  // The engines read this as comma-separated values, and their quoting differs.
  const odd = [source, target].find((path) => /[,"\n]/.test(path));
  if (odd !== undefined)
    throw refusal(spec, `the path ${JSON.stringify(odd)} has a comma, a quote or a line break, which containers cannot take`);
  return `type=bind,source=${source},target=${target}${isReadOnly ? ',readonly' : ''}`;
}

function variables(spec: LaunchSpec, env: Readonly<Record<string, string>>): string {
  const odd = Object.keys(env).find((name) => /[\n\r]/.test(`${name}${env[name]}`));
  if (odd !== undefined) throw refusal(spec, `its variable ${JSON.stringify(odd)} has a line break, which containers cannot take`);
  return Object.entries(env)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

function refusal({ plugin }: LaunchSpec, why: string): HostError {
  return new HostError('PLUGIN_REFUSED', `Cannot run plugin "${plugin}" in a container: ${why}`);
}

async function probe(tool: string | undefined, image: string | undefined): Promise<Probe> {
  const lack = lackOf(tool, image);
  if (lack !== undefined || tool === undefined || image === undefined) return { ok: false, ...(lack ?? NO_TOOL) };
  const env = engineEnvironment();
  const name = basename(tool);
  const told = await tryProgram(tool, ['--version'], { env });
  const version = `${name} ${/\d+(\.\d+)+/.exec(told.stdout)?.[0] ?? 'of unknown version'}`;
  const folder = scratchFolder();
  const scratch = { folder, files: { [SECCOMP]: JSON.stringify(ociSeccomp(PROBE_POLICY)) } };
  const limits = { memoryMb: 64, cpu: 1, pids: 32, openFiles: 64, tmpMb: 1, storageMb: 1 };
  makeScratch(scratch);
  try {
    const flags = ['--rm', '--pull=never', ...identity(tool), ...confinement({ limits }, join(folder, SECCOMP)), '--entrypoint='];
    const ran = await tryProgram(tool, ['run', ...flags, image, '/bin/sh', '-c', FORK_TRIAL], { env, timeoutMs: 30_000 });
    if (!holdsForks(ran.stdout)) {
      const why = ran.complaint || (ran.code === 0 ? 'its filter does not hold' : `it ended with code ${ran.code}`);
      return {
        ok: false,
        version,
        why: `${name} did not run a container of "${image}": ${why}`,
        fix: `try: ${name} run --rm ${image} /bin/sh`,
      };
    }
    return { ok: true, version, enforces: ENFORCES, notes: NOTES };
  } finally {
    removeScratch(scratch);
  }
}

const NO_TOOL = { why: 'neither podman nor docker was found', fix: '' };

function lackOf(tool: string | undefined, image: string | undefined): { why: string; fix: string } | undefined {
  if (process.platform !== 'linux') return { why: 'the container driver runs on Linux only', fix: 'run Outrigger on Linux' };
  if (tool === undefined) return { ...NO_TOOL, fix: installCommand('podman') };
  if (image === undefined)
    return { why: '"sandbox.image" is not set', fix: 'name an image in the config, for example: sandbox.image: node:24' };
  if (process.getuid?.() === 0) return { why: 'the container driver does not run for root', fix: 'run Outrigger as an ordinary user' };
  if (!existsSync(SETSID)) return { why: `${SETSID} was not found`, fix: installCommand('util-linux') };
  return undefined;
}
