import { readdirSync, readFileSync } from 'node:fs';
import type { DriverName, Hold, ResourceLimits } from '../types.ts';

/** What the program `layers` says of itself. */
export interface LayerFacts {
  readonly seccomp: number;
  readonly noNewPrivs: number;
  readonly capabilities: readonly string[];
  readonly namespaces: Readonly<Record<string, string>>;
  readonly limits: Readonly<Record<string, string>>;
  readonly hasPermissionModel: boolean;
}

/** One layer of a running sandbox. */
export interface Layer {
  readonly name: string;
  readonly engaged: boolean;
  /** The driver, or the caller, said that it would be. */
  readonly promised: boolean;
}

export interface LayerInput {
  readonly facts: LayerFacts | undefined;
  readonly driver: DriverName | undefined;
  readonly hostNamespaces: Readonly<Record<string, string>>;
  readonly limits: ResourceLimits;
  readonly hold: Hold | undefined;
  /** The kernel can limit memory here. */
  readonly hasHardMemory: boolean;
  /** User id of the plugin as the host sees it. */
  readonly kernelUid: number | undefined;
  /** Names that the caller asks for beside. */
  readonly expect: readonly string[];
}

const NAMESPACES = ['user', 'pid', 'net', 'ipc', 'uts', 'mnt'] as const;

/** Every name that `--expect` takes. */
export const LAYERS: readonly string[] = [
  ...NAMESPACES.map((name) => `${name}-namespace`),
  ...['seccomp', 'no-new-privs', 'capabilities', 'rlimits', 'cgroup', 'ordinary-user', 'node-permission'],
];

const OS_LAYERS = ['seccomp', 'no-new-privs', 'capabilities', 'rlimits', 'ordinary-user', 'node-permission'];

/** What each driver says it does, as far as a program inside can see it. gVisor and seatbelt show nothing of it; their attacks tell. */
const PROMISED: Readonly<Record<DriverName, readonly string[]>> = {
  bubblewrap: [...NAMESPACES.map((name) => `${name}-namespace`), ...OS_LAYERS],
  container: ['pid', 'net', 'ipc', 'uts', 'mnt'].map((name) => `${name}-namespace`).concat('seccomp', 'no-new-privs', 'capabilities'),
  landlock: ['seccomp', 'no-new-privs', 'ordinary-user'],
  gvisor: [],
  seatbelt: [],
};

/** Which layers are really there, seen from within. Without facts none is. Pure. */
export function judgeLayers(input: LayerInput): Layer[] {
  const promised = new Set([...(input.driver === undefined ? [] : PROMISED[input.driver]), ...input.expect]);
  if (input.driver !== undefined && input.hasHardMemory) promised.add('cgroup');
  return LAYERS.map((name) => ({ name, engaged: isEngaged(name, input), promised: promised.has(name) }));
}

function isEngaged(name: string, { facts, hold, hostNamespaces, kernelUid, limits }: LayerInput): boolean {
  if (name === 'cgroup') return hold?.limits === 'hard';
  if (name === 'ordinary-user') return kernelUid !== undefined && kernelUid !== 0;
  if (facts === undefined) return false;
  const [kind] = name.split('-namespace');
  if (kind !== undefined && kind !== name) return Boolean(facts.namespaces[kind]) && facts.namespaces[kind] !== hostNamespaces[kind];
  const { core, openFiles } = facts.limits;
  const found: Record<string, boolean> = {
    seccomp: facts.seccomp === 2,
    'no-new-privs': facts.noNewPrivs === 1,
    capabilities: facts.capabilities.every((set) => /^0+$/.test(set)),
    rlimits: core === '0' && Number(openFiles) <= limits.openFiles,
    'node-permission': facts.hasPermissionModel,
  };
  return found[name] ?? false;
}

/** User id, as this process sees it, of the last process of the tree below a pid: the plugin below all that wraps it. */
export function kernelUidBelow(pid: number): number | undefined {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc').filter((text) => /^\d+$/.test(text))) {
    const parent = Number(field(name, 'PPid'));
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  let last = pid;
  for (let next = children.get(last); next !== undefined; next = children.get(last)) last = next.at(-1) ?? last;
  const uid = field(String(last), 'Uid');
  return uid === undefined ? undefined : Number(uid);
}

function field(pid: string, name: string): string | undefined {
  try {
    return new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  } catch {
    // It has ended.
    return undefined;
  }
}
