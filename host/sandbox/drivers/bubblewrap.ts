import type { LaunchSpec } from '../../process/types.ts';
import { HostError } from '../../protocol/errors.ts';
import { seccompFilter } from '../filter/seccomp.ts';
import { rootWords, type SandboxMount, stage, uidOf } from '../root-host.ts';
import type { Enclosure, Mount, Policy, SandboxDriver } from '../types.ts';
import { hoistedPackages } from '../view/hoisted-packages.ts';
import { insideView } from '../view/inside.ts';
import { lateEnvironment } from '../view/late-environment.ts';
import { rlimitWords } from '../view/rlimits.ts';
import { MADE_UP_FILES, systemLayout } from '../view/system-layout.ts';
import { BWRAP, probeBubblewrap } from './bubblewrap-probe.ts';
import { badMount, profileArguments } from './bubblewrap-profile.ts';

const FIRST_PIPE = 3;
const filters = new Map<string, Buffer>();

const ARGUMENTS = FIRST_PIPE;
const FILTER = ARGUMENTS + 1;
const STATUS = FILTER + 1;
const GATE = STATUS + 1;
// Inside the sandbox, when everything that ends it is armed: bwrap's own --block-fd comes too early for that. Dash knows descriptors of one digit.
const GATE_WORDS = ['/bin/sh', '-c', `read -r go <&${GATE} || exit 125; exec ${GATE}<&-; exec "$@"`, 'gate'];

/** Namespaces, a filter of system calls and limits by bubblewrap: the default on Linux. */
export const bubblewrap: SandboxDriver = { name: 'bubblewrap', grade: 'os', probe: () => probeBubblewrap(confine), confine };

function confine(spec: LaunchSpec, policy: Policy): Enclosure {
  const inside = insideView(spec, policy);
  const { early, words: late } = lateEnvironment(inside.env);
  const mounts = mountsOf(policy, [...inside.mounts, ...hoistedPackages(spec.cwd)]);
  const bad = badMount(mounts);
  if (bad !== undefined) throw new HostError('PLUGIN_REFUSED', `Cannot confine plugin "${spec.plugin}": ${bad}`);
  const uid = uidFor(policy);
  const staging = uid === undefined ? { mounts, feed: undefined } : stage(mounts, uid);
  const files = Object.values(MADE_UP_FILES).map((text) => Buffer.from(text));
  const needsNetwork = policy.net.length > 0;
  const firstFile = needsNetwork ? GATE + 1 : GATE;
  const profile = profileArguments({
    layout: systemLayout(),
    mounts: staging.mounts,
    masks: policy.masks,
    limits: policy.limits,
    env: early,
    needsNetwork,
    fds: { filter: FILTER, files: firstFile, status: STATUS },
  });
  const [command, ...words] = [
    ...(uid === undefined ? [] : rootWords(uid, spec.plugin, staging.feed === undefined ? undefined : firstFile + files.length)),
    ...[BWRAP, '--args', String(ARGUMENTS), '--'],
    ...(needsNetwork ? GATE_WORDS : []),
    ...rlimitWords(spec.command, policy.limits),
    ...late,
    ...inside.words,
  ];
  const open = needsNetwork ? [undefined, undefined] : [undefined];
  const staged = staging.feed === undefined ? [] : [staging.feed];
  const pipes = [Buffer.from([...profile, ''].join('\0')), filterFor(policy), ...open, ...files, ...staged];
  return {
    // Nothing of the plugin's environment for bwrap itself: a variable could make it run other code, and /proc/1/environ shows it.
    launch: {
      plugin: spec.plugin,
      command: command as string,
      args: words,
      cwd: '/',
      env: {},
      pipes,
      isConfined: true,
      endsWithHost: true,
    },
    driver: 'bubblewrap',
    grade: 'os',
    limits: policy.limits,
    fds: { status: STATUS - FIRST_PIPE, ...(needsNetwork ? { gate: GATE - FIRST_PIPE } : {}) },
    net: policy.net,
    writable: mounts.filter(({ mode }) => mode === 'rw').map(({ source }) => source),
  };
}

// There are four; assembling one takes a quarter of a millisecond of every start.
function filterFor({ ipc, canFork }: Policy): Buffer {
  const name = `${ipc} ${canFork}`;
  const filter = filters.get(name) ?? seccompFilter({ unixSockets: ipc, fork: canFork });
  filters.set(name, filter);
  return filter;
}

/** The user that a host of root becomes for a plugin; undefined where the host is an ordinary user already. */
function uidFor(policy: Policy): number | undefined {
  return process.getuid?.() === 0 ? (policy.uid ?? uidOf(policy.plugin)) : undefined;
}

function mountsOf(policy: Policy, programs: readonly Mount[]): SandboxMount[] {
  const own = (source: string | undefined, target: string, mode: 'ro' | 'rw'): SandboxMount[] =>
    source === undefined ? [] : [{ source, target, mode }];
  const granted = [
    ...policy.read.map((mount) => ({ ...mount, mode: 'ro' as const })),
    ...policy.write.map((mount) => ({ ...mount, mode: 'rw' as const })),
  ];
  return [
    ...programs.map((mount) => ({ ...mount, mode: 'ro' as const })),
    ...own(policy.directory, '/plugin', 'ro'),
    ...own(policy.dataDir, '/data', 'rw'),
    ...own(policy.cacheDir, '/cache', 'rw'),
    // A folder before what lies in it: what is mounted first would be covered.
    ...granted.sort((one, other) => one.target.length - other.target.length),
  ];
}
