import type { Config, LockedPlugin, Manifest, Permissions, PluginEntry } from '@outrigger/schemas';
import { HostError } from '../protocol/errors.ts';
import { fillIn, isOwnData } from '../sandbox/policy/fill-in.ts';
import { widerThan } from '../sandbox/policy/permissions.ts';
import type { Places, PolicyInput } from '../sandbox/policy/policy.ts';
import type { Guarantee, Policy } from '../sandbox/types.ts';
import { keptAs } from './data-folder.ts';
import { hardNeeds, whySoft, withHardLimits } from './hard-limits.ts';
import type { Locks } from './lock-file.ts';
import { storePlugin } from './plugin-store.ts';
import { hashTree } from './tree-hash.ts';
import { judgeTrust } from './trust.ts';
import type { Problem, RegisteredPlugin } from './types.ts';

export interface Applicant {
  readonly name: string;
  /** Undefined: it was merely found. */
  readonly entry: PluginEntry | undefined;
  readonly directory: string;
  readonly manifest: Manifest;
}

export interface AdmissionContext {
  readonly locks: Locks;
  readonly settings: Config['sandbox'];
  readonly places: Places;
  /** The cache of documents and hashes; undefined: nothing is cached. */
  readonly cacheDir: string | undefined;
}

/** What becomes of an applicant; `reason` says why it may not run. */
export type Admission = Pick<RegisteredPlugin, 'reason' | 'granted' | 'confinement' | 'hash' | 'lock' | 'lockFile' | 'problems'>;

type Policies = typeof import('../sandbox/policy/policy.ts');

const OUTSIDE: Admission = {
  reason: undefined,
  granted: {},
  confinement: undefined,
  hash: undefined,
  lock: 'none',
  lockFile: undefined,
  problems: [],
};

/**
 * Decides whether a plugin may run, with what, and in which sandbox. A plugin that is not in the lock and has full trust costs
 * nothing here. Never throws for what the plugin brought.
 */
export async function admitPlugin(applicant: Applicant, context: AdmissionContext): Promise<Admission> {
  try {
    return await admit(applicant, context);
  } catch (error) {
    // What cannot be decided is refused.
    if (error instanceof HostError) return { ...OUTSIDE, reason: error.message };
    throw error;
  }
}

async function admit(applicant: Applicant, { locks, ...context }: AdmissionContext): Promise<Admission> {
  const { name, entry, directory, manifest } = applicant;
  const trust = entry?.trust ?? 'none';
  const known = entry === undefined ? undefined : locks.entries.get(name);
  const [broken] = locks.problems;
  if (broken !== undefined && entry !== undefined && trust === 'none') return { ...OUTSIDE, reason: unreadable(broken) };
  // A confined plugin runs from a copy without compiled files; one with full trust from its own folder, with all that is in it.
  const hash = known && (await hashTree(directory, context.cacheDir, { hasCompiled: trust === 'full' }));
  const lock = known === undefined ? 'none' : known.locked.hash === hash ? 'accepted' : 'changed';
  const place = { lock, lockFile: known?.file } as const;
  const { version } = manifest;
  const answer = judgeTrust({
    ...{ name, trust, version, hash, asked: manifest, isListed: entry !== undefined },
    grant: entry?.grant,
    locked: known?.locked,
  });
  if ('refusal' in answer) return { ...OUTSIDE, ...place, reason: answer.refusal };
  const judged = { ...OUTSIDE, ...place, granted: answer.granted, hash };
  if (trust === 'full') return judged;
  const stored = hash === undefined ? undefined : await storePlugin(directory, hash, { ...context.places, cacheDir: context.cacheDir });
  const { limits } = manifest;
  const accepted = acceptedPaths(entry, known?.locked);
  const { settings, places } = context;
  const seen = { directory: stored?.directory ?? directory, keptAs: keptAs(name, directory) };
  const input = { plugin: name, ...seen, hash, granted: answer.granted, accepted, limits, settings, places };
  const problems = stored?.wasChanged ? [tampered(name, stored.directory)] : [];
  return { ...judged, ...(await confine(input)), problems };
}

/** Where each path led that the lock grants, itself as undefined. A grant in the config is the operator's own word of today. */
function acceptedPaths(entry: PluginEntry | undefined, locked: LockedPlugin | undefined): PolicyInput['accepted'] {
  if (locked === undefined || entry?.grant !== undefined) return undefined;
  const { grant, paths = {} } = locked;
  const texts = [...(grant.fs?.read ?? []), ...(grant.fs?.write ?? [])];
  return new Map(texts.map((text) => [text, Object.hasOwn(paths, text) ? paths[text] : undefined]));
}

/** A sandbox that holds what the policy relies on, or the reason why there is none. */
async function confine(input: PolicyInput): Promise<Pick<Admission, 'reason' | 'confinement'>> {
  // Loaded when the first plugin needs a sandbox: a host with trusted plugins starts without.
  const policies = await import('../sandbox/policy/policy.ts');
  const made = policies.makePolicy(input);
  const none = (reason: string) => ({ reason, confinement: undefined });
  if ('refusals' in made) return none(`it may not be granted what it asks for: ${made.refusals.join('; ')}`);
  const { settings, places, plugin } = input;
  const { chooseDriver } = await import('../sandbox/machine/choose-driver.ts');
  const hard = settings?.requireHardLimits === true ? hardNeeds(made.policy) : [];
  const needs = new Set<Guarantee>([...policies.needsOf(made.policy), ...hard]);
  const choice = await chooseDriver(needs, { settings, cacheDir: places.cacheDir });
  const orTrust = `or trust it with your rights: outrigger plugins trust ${plugin} --full`;
  if (choice.driver === undefined) return none(`it needs a sandbox: ${choice.why}; ${choice.fix}; ${orTrust}`);
  const gap = await whySoft(choice, hard);
  if (gap !== undefined) return none(`sandbox.requireHardLimits is true and the kernel cannot limit plugins here: ${gap}; ${orTrust}`);
  const driver = hard.length === 0 ? choice.driver : withHardLimits(choice.driver, hard);
  const held = new Set([...choice.enforces, ...needs]);
  return {
    reason: undefined,
    confinement: {
      driver,
      hidden: (made.policy.masks ?? []).map(({ target }) => target),
      policy: (granted) => policyNow(policies, { input, granted }, held),
    },
  };
}

/**
 * What plugins may write by a grant that was given while this process runs, and that no config or lock file of today tells of. By plugin,
 * absolute; kept until the process ends, like such grants.
 */
const writtenSince = new Map<string, readonly string[]>();

/** Made anew for every start: what was fine when the host started may lead elsewhere now. */
function policyNow(
  { makePolicy, makeFolders, needsOf }: Policies,
  { input, granted }: { readonly input: PolicyInput; readonly granted: Permissions },
  held: ReadonlySet<Guarantee>,
): Policy {
  const cannot = `Cannot start plugin "${input.plugin}"`;
  const made = makePolicy({ ...input, granted, places: withWritten(input.places) });
  if ('refusals' in made) {
    throw new HostError('PLUGIN_REFUSED', `${cannot}: it may not be granted what it asks for any more: ${made.refusals.join('; ')}`);
  }
  const missing = [...needsOf(made.policy)].filter((need) => !held.has(need));
  if (missing.length > 0) throw new HostError('PLUGIN_REFUSED', `${cannot}: its sandbox does not hold ${missing.join(', ')}`);
  makeFolders(made.policy);
  rememberWrites(input, granted);
  return made.policy;
}

/** Before the plugin runs: from then on it chooses what lies there, links included. */
function rememberWrites({ plugin, granted: before, places }: PolicyInput, granted: Permissions): void {
  const paths = (widerThan(granted, before).fs?.write ?? []).flatMap((text) => {
    const filled = isOwnData(text) ? undefined : fillIn(text, places);
    return filled !== undefined && 'path' in filled ? [filled.path] : [];
  });
  if (paths.length > 0) writtenSince.set(plugin, [...new Set([...(writtenSince.get(plugin) ?? []), ...paths])]);
}

function withWritten(places: Places): Places {
  if (writtenSince.size === 0) return places;
  return { ...places, written: joined(places.written, writtenSince), wrote: joined(places.wrote, writtenSince) };
}

function joined(known: Places['written'] = new Map(), more: NonNullable<Places['written']>): Places['written'] {
  return new Map([...known, ...[...more].map(([plugin, paths]) => [plugin, [...(known.get(plugin) ?? []), ...paths]] as const)]);
}

function unreadable({ file, line, message }: Problem): string {
  const place = [file, line].filter((part) => part !== undefined).join(':');
  return `the lock file cannot be used, so nobody knows what was accepted: ${place}: ${message}; mend it, or remove it and trust the plugins again`;
}

function tampered(plugin: string, directory: string): Problem {
  const message = `The stored copy of plugin "${plugin}" in "${directory}" was changed by somebody: it was made anew from the accepted content`;
  return { severity: 'warning', file: directory, plugin, message };
}
