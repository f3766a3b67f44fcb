import type { Config } from '@outrigger/schemas';
import { findLimiter } from '../limits/limiter.ts';
import { needsOf } from '../policy/policy.ts';
import type { DriverName, NetRule, Policy } from '../types.ts';
import { type Choice, chooseDriver, orderOf, probeDriver } from './choose-driver.ts';
import { type Layer, machineLayers } from './machine-layers.ts';

export type { Layer } from './machine-layers.ts';

/** What could confine plugins here, layer by layer, and what would. */
export interface Inspection {
  readonly layers: readonly Layer[];
  /** For a plugin that asks for nothing. */
  readonly choice: Choice;
}

const NAMES: readonly DriverName[] = ['bubblewrap', 'gvisor', 'container', 'landlock', 'seatbelt'];

/** Looks anew, at the machine itself and by starting every driver; nothing is read from the cache. */
export async function inspectMachine(settings: Config['sandbox']): Promise<Inspection> {
  const wanted = orderOf(settings, process.platform);
  const names = NAMES.filter((name) => (name === 'seatbelt') === (process.platform === 'darwin') || wanted.includes(name));
  const drivers = await Promise.all(names.map((name) => driverLayer(name, settings, wanted.includes(name))));
  const choice = await chooseDriver(needsOf(sampleOf([])), { settings, cacheDir: undefined });
  const listed = await chooseDriver(needsOf(sampleOf([SAMPLE_RULE])), { settings, cacheDir: undefined });
  const chosen = [
    choiceLayer('plugins without network', choice),
    { ...choiceLayer('plugins with an allow-list', listed), isOptional: true },
  ];
  const ofKernel = process.platform === 'linux' ? [...machineLayers(), limitsLayer(settings)] : [];
  return { layers: [...ofKernel, ...drivers, ...chosen], choice };
}

const SAMPLE_RULE: NetRule = { host: 'example.org', port: 443, text: 'example.org' };

/** A plugin that asks for nothing, or for the network alone. */
function sampleOf(net: readonly NetRule[]): Policy {
  const limits = { memoryMb: 512, cpu: 1, pids: 64, openFiles: 256, tmpMb: 64, storageMb: 64 };
  const nothing = {
    dataDir: undefined,
    cacheDir: undefined,
    read: [],
    write: [],
    canFork: false,
    ipc: false,
    native: false,
    uid: undefined,
  };
  return { ...nothing, plugin: 'sample', directory: '/usr', net, limits };
}

async function driverLayer(driver: DriverName, settings: Config['sandbox'], isWanted: boolean): Promise<Layer> {
  const probe = await probeDriver(driver, { settings, cacheDir: undefined });
  const name = `driver ${driver}`;
  if (!probe.ok) return { name, state: 'off', message: probe.why, fix: probe.fix, isOptional: true };
  const holds = `holds ${[...probe.enforces].sort().join(', ')}`;
  const message = `${versioned(probe.version)}${holds}${probe.notes.map((note) => `; ${note}`).join('')}`;
  // Notes are weaknesses: they matter of the drivers that may be used.
  return { name, state: probe.notes.length > 0 ? 'partial' : 'on', message, isOptional: !isWanted };
}

function versioned(version: string): string {
  return /\d/.test(version) ? `${version}, ` : '';
}

function limitsLayer(settings: Config['sandbox']): Layer {
  const { label, hard, gap } = findLimiter();
  const missing = (['memory', 'pids', 'cpu'] as const).filter((each) => !hard.has(each));
  const name = 'limits';
  if (missing.length === 0) return { name, state: 'on', message: `${label}: memory, processes and CPU are limited by the kernel` };
  const state = settings?.requireHardLimits === true ? 'off' : 'partial';
  return {
    name,
    state,
    message: `${label}: ${missing.join(', ')} not limited by the kernel: ${gap?.why ?? 'unknown'}`,
    ...(gap ? { fix: gap.fix } : {}),
  };
}

function choiceLayer(name: string, choice: Choice): Layer {
  if (choice.driver === undefined) return { name, state: 'off', message: `refused: ${choice.why}`, fix: choice.fix };
  return { name, state: 'on', message: `confined by ${choice.driver.name}` };
}
