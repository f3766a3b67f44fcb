import type { Config } from '@outrigger/schemas';
import { makeDrivers } from '../drivers/make-drivers.ts';
import type { DriverName, Guarantee, Probe, SandboxDriver } from '../types.ts';
import { probeOnce } from './probe-cache.ts';

export type Choice =
  | { readonly driver: SandboxDriver; readonly version: string; readonly enforces: ReadonlySet<Guarantee> }
  | {
      readonly driver: undefined;
      /** What is missing, one clause: `bubblewrap was not found`. */
      readonly why: string;
      /** The one command that mends it. */
      readonly fix: string;
    };

type Settings = Config['sandbox'];

/** One driver that was looked at. */
export interface Candidate {
  readonly driver: SandboxDriver;
  readonly probe: Probe;
}

/** What a partial driver may leave open when the operator allows it. Files, network and new processes are never among it. */
const MAY_BE_PARTIAL: ReadonlySet<Guarantee> = new Set(['signals', 'pids', 'memory', 'cpu']);

/** The first driver that works here and enforces all of `needs`. Probes are really started, and remembered until the next boot. Never falls back silently. */
export async function chooseDriver(
  needs: ReadonlySet<Guarantee>,
  { settings, cacheDir }: { readonly settings: Settings; readonly cacheDir: string | undefined },
): Promise<Choice> {
  const mistake = settingsMistake(settings);
  if (mistake !== undefined) return { driver: undefined, ...mistake };
  const tried: Candidate[] = [];
  for (const name of orderOf(settings, process.platform)) {
    tried.push({ driver: makeDrivers(settings)[name].driver, probe: await probeDriver(name, { settings, cacheDir }) });
    const choice = decide(tried, needs);
    if (choice.driver !== undefined) return choice;
  }
  return decide(tried, needs);
}

/** Whether one driver works here; remembered until the next boot. */
export function probeDriver(
  name: DriverName,
  { settings, cacheDir }: { settings: Settings; cacheDir: string | undefined },
): Promise<Probe> {
  const { driver, program } = makeDrivers(settings)[name];
  const identity = name === 'container' ? `${name} ${settings?.image}` : name;
  return probeOnce({ name: identity, program, probe: () => driver.probe() }, cacheDir);
}

/** The names to try, in order. A partial driver only by its name. Pure. */
export function orderOf(settings: Settings, platform: NodeJS.Platform): DriverName[] {
  const named = settings?.driver ?? 'auto';
  if (named !== 'auto') return [named];
  if (platform === 'darwin') return ['seatbelt'];
  return ['bubblewrap', 'gvisor', ...(settings?.image === undefined ? [] : (['container'] as const))];
}

/** The first candidate that works and covers the needs, or why none does. Pure. */
export function decide(tried: readonly Candidate[], needs: ReadonlySet<Guarantee>): Choice {
  const lacks: { why: string; fix: string }[] = [];
  for (const { driver, probe } of tried) {
    const missing = probe.ok ? missingOf(driver, probe.enforces, needs) : [];
    if (probe.ok && missing.length === 0) return { driver, version: probe.version, enforces: probe.enforces };
    lacks.push(probe.ok ? { why: `${driver.name} does not hold ${missing.join(', ')}`, fix: OTHER_DRIVER } : probe);
  }
  const why = lacks.map((lack) => lack.why).join('; ') || 'no driver exists for this system';
  return { driver: undefined, why, fix: lacks[0]?.fix ?? 'run Outrigger on Linux or macOS' };
}

const OTHER_DRIVER = 'leave "sandbox.driver" out of the config, or grant less';

/** What of the needs the driver leaves open. Pure. */
function missingOf(driver: SandboxDriver, enforces: ReadonlySet<Guarantee>, needs: ReadonlySet<Guarantee>): Guarantee[] {
  const missing = [...needs].filter((need) => !enforces.has(need));
  // It was named, and allowed to be partial, or it would not be among the candidates.
  return driver.grade === 'partial' ? missing.filter((need) => !MAY_BE_PARTIAL.has(need)) : missing;
}

function settingsMistake(settings: Settings): { why: string; fix: string } | undefined {
  if (settings?.driver === 'landlock' && settings.allowPartial !== true) {
    return {
      why: 'the driver "landlock" leaves gaps and "sandbox.allowPartial" is not true',
      fix: 'leave "sandbox.driver" out of the config, or set "sandbox.allowPartial: true"',
    };
  }
  if (settings?.driver === 'container' && settings.image === undefined) {
    return { why: 'the driver "container" needs "sandbox.image"', fix: 'name an image in the config, for example: sandbox.image: node:24' };
  }
  return undefined;
}
