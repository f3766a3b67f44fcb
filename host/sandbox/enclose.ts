import { failedLaunch, launch } from '../process/launch.ts';
import { isProgram } from '../process/resolve-command.ts';
import type { Child, Exit, LaunchSpec } from '../process/types.ts';
import { HostError } from '../protocol/errors.ts';
import { childPid, exitOf, signalInside } from './enclosed-process.ts';
import { findLimiter, type Limiter, type LimitHold, prepareLimits } from './limits/limiter.ts';
import type { Network } from './network/network.ts';
import { makeScratch, removeScratch } from './scratch.ts';
import type { ConfinedChild, EncloseDeps, Enclosure, Hold, Scratch } from './types.ts';

const MECHANISMS: Readonly<Record<Limiter['kind'], string>> = {
  cgroup2: 'cgroup v2',
  cgroup1: 'cgroup v1',
  systemd: 'systemd scope',
  watchdog: 'watchdog',
};

/** Starts a confined process: places it in its limits, then lets it run. Never throws: see `exited`. */
export function enclose(plugin: string, enclosure: Enclosure, deps: EncloseDeps): ConfinedChild {
  const { driver, grade } = enclosure;
  try {
    // Asked for here: loading it would take a millisecond of every start.
    const { isMainThread } = process.getBuiltinModule('node:worker_threads');
    // The kernel ends a sandbox with the thread that started it, not with the process.
    if (!isMainThread) throw new Error('a sandbox lives only as long as the thread that starts it; start the host on the main thread');
    return withScratch(enclosure.scratch, () => start(plugin, enclosure, deps));
  } catch (error) {
    return { ...failedLaunch(error), hold: { driver, grade, limits: 'soft', limiter: 'none' } };
  }
}

function start(plugin: string, enclosure: Enclosure, deps: EncloseDeps): ConfinedChild {
  const limiter = findLimiter();
  const prepared = prepareLimits(limiter, plugin, enclosure.limits);
  const soft = (enclosure.mustLimit ?? []).filter((kind) => !prepared.hard.has(kind));
  if (soft.length > 0) {
    prepared.discard();
    throw new HostError(
      'PLUGIN_REFUSED',
      `Cannot start plugin "${plugin}": sandbox.requireHardLimits is true and the kernel does not limit ${soft.join(', ')} here (${limiter.label})`,
    );
  }
  // A driver that is gone is said so by the system; a word before it would start and say less.
  const child = launch(isProgram(enclosure.launch.command) ? prefixed(enclosure.launch, prepared.words) : enclosure.launch);
  const { pid } = child;
  const bare: Hold = { driver: enclosure.driver, grade: enclosure.grade, limits: 'soft', limiter: MECHANISMS[limiter.kind] };
  if (pid === undefined) {
    prepared.discard();
    return { ...child, hold: bare };
  }
  const inside = childPid(child.pipes[enclosure.fds.status ?? -1]);
  const kill = (): boolean => child.signal('SIGKILL');
  const limits = prepared.hold({ pid, writable: enclosure.writable, onExceeded: kill });
  // In a container it is only the engine's client that is in the group.
  const isHard = enclosure.driver !== 'container' && limits.hard.has('memory') && limits.hard.has('pids');
  const network = openGate(plugin, child, { enclosure, deps, inside });
  let known: number | undefined;
  let isOver = false;
  void inside.then((found) => {
    known = found;
  });
  void child.exited.then(() => {
    // Its number may be anybody's from now on.
    isOver = true;
  });
  return {
    ...child,
    hold: { ...bare, limits: isHard ? 'hard' : 'soft' },
    exited: settle(child, limits, network),
    signal: (signal) => !isOver && ((signal !== 'SIGKILL' && known !== undefined && signalInside(known, signal)) || child.signal(signal)),
  };
}

/** The driver's own files are there from before the launch until after the exit. */
function withScratch(scratch: Scratch | undefined, begin: () => ConfinedChild): ConfinedChild {
  if (scratch === undefined) return begin();
  makeScratch(scratch);
  try {
    const child = begin();
    return { ...child, exited: child.exited.finally(() => removeScratch(scratch)) };
  } catch (error) {
    removeScratch(scratch);
    throw error;
  }
}

function prefixed(spec: LaunchSpec, before: readonly string[]): LaunchSpec {
  const [command, ...words] = before;
  return command === undefined ? spec : { ...spec, command, args: [...words, spec.command, ...spec.args] };
}

/** The network that was asked for, or why the plugin was never let run. */
type Gate = { readonly network?: Network; readonly failure?: Error };

interface Waiting {
  readonly enclosure: Enclosure;
  readonly deps: EncloseDeps;
  /** Process id in the sandbox; undefined when it ended before it was made. */
  readonly inside: Promise<number | undefined>;
}

// Never rejects. With network the sandbox waits until its proxy listens; a plugin that cannot have it is not started without.
async function openGate(plugin: string, child: Child, { enclosure, deps, inside }: Waiting): Promise<Gate> {
  if (enclosure.net.length === 0) return {};
  try {
    const gate = child.pipes[enclosure.fds.gate ?? -1];
    if (gate === undefined)
      throw new Error(`Cannot open the network of plugin "${plugin}": the driver "${enclosure.driver}" has none for single hosts`);
    const pid = await inside;
    if (pid === undefined) return {};
    // Loaded when the first plugin has a network: its proxy brings Node's HTTP with it.
    const { openNetwork } = await import('./network/network.ts');
    const network = await openNetwork({ plugin, pid, rules: enclosure.net, onDenied: (denial) => deps.onDenied(denial) });
    gate.end('go\n');
    return { network };
  } catch (error) {
    child.signal('SIGKILL');
    return { failure: error instanceof Error ? error : new Error(String(error)) };
  }
}

async function settle(child: Child, limits: LimitHold, opening: Promise<Gate>): Promise<Exit> {
  const exit = await child.exited;
  const exceeded = limits.exceeded();
  limits.close();
  const { network, failure } = await opening;
  network?.close();
  if (failure !== undefined) return { error: failure };
  return exitOf(exit, exceeded);
}
