import type { Manifest, PluginEntry } from '@outrigger/schemas';
import { didYouMean } from '../protocol/did-you-mean.ts';
import { type Admission, type AdmissionContext, admitPlugin } from './admit-plugin.ts';
import { blindMatch } from './blind-match.ts';
import { checkConfig } from './check-config.ts';
import { deadMatch } from './dead-match.ts';
import type { LoadedConfig } from './load-config.ts';
import type { LoadedManifest } from './load-manifest.ts';
import type { Membership } from './sets.ts';
import { makeSubscription } from './subscriptions.ts';
import type { LoadedHook, Problem, RegisteredPlugin, RegisteredState, Subscription } from './types.ts';

/** What is known about one plugin before its manifest is judged. */
export interface Candidate {
  readonly name: string;
  /** Undefined: found in a plugin folder, not listed in the config. */
  readonly entry: PluginEntry | undefined;
  readonly sets: readonly Membership[];
  readonly order: number;
  readonly directory: string | undefined;
  readonly loaded: LoadedManifest | undefined;
  /** Mistakes found before its manifest was even looked at. */
  readonly problems: readonly Problem[];
  /** Set: it is switched off and nothing of it was read. */
  readonly off: { readonly state: 'without' | 'disabled'; readonly reason: string } | undefined;
}

export interface Surroundings {
  readonly hooks: ReadonlyMap<string, LoadedHook>;
  readonly catalogs: ReadonlySet<string>;
  readonly config: LoadedConfig;
  readonly cacheDir: string | undefined;
  readonly admission: AdmissionContext;
}

export interface Registration {
  readonly candidate: Candidate;
  readonly plugin: RegisteredPlugin;
  readonly subscriptions: readonly Subscription[];
}

/** Judges one plugin: its state, its checked configuration, what it hears. Never throws for what the plugin brought. */
export async function registerPlugin(candidate: Candidate, around: Surroundings): Promise<Registration> {
  const { name, entry, loaded, off } = candidate;
  if (off !== undefined) return { candidate, plugin: unread(candidate, off.state, off.reason), subscriptions: [] };
  const manifest = loaded?.value;
  const heard = manifest === undefined ? nothing : await readManifest(candidate, manifest, around);
  const mistakes = [...candidate.problems, ...(loaded?.problems ?? []), ...heard.problems].map((problem) => ({ ...problem, plugin: name }));
  const invalid = mistakes.find(({ severity }) => severity === 'error');
  const admission = invalid || manifest === undefined ? undefined : await admit(candidate, manifest, around);
  const subscriptions = heard.subscriptions.map((one) => ({ ...one, sees: admission?.granted.sensitive ?? [] }));
  const blind = await blindMatches(candidate, subscriptions, { around, admission });
  const broken = invalid ?? blind[0];
  const reason = broken ? [broken.pointer, broken.message].filter(Boolean).join(': ') : admission?.reason;
  const state = broken ? 'broken' : reason === undefined ? 'enabled' : 'untrusted';
  const plugin: RegisteredPlugin = {
    ...unread(candidate, state, reason),
    ...admission,
    reason,
    manifestFile: loaded?.file,
    manifestHash: loaded?.hash || undefined,
    manifest,
    config: heard.config ?? entry?.config ?? {},
    problems: [...mistakes, ...(admission?.problems ?? []), ...blind],
  };
  return { candidate, plugin, subscriptions: state === 'enabled' ? subscriptions : [] };
}

/** Filters on fields that it may not see, known once it is known what it was granted. */
async function blindMatches(
  { name, loaded }: Candidate,
  subscriptions: readonly Subscription[],
  { around, admission }: { readonly around: Surroundings; readonly admission: Admission | undefined },
): Promise<Problem[]> {
  const problems: Problem[] = [];
  if (admission === undefined || admission.reason !== undefined) return problems;
  for (const subscription of subscriptions) {
    const hook = around.hooks.get(subscription.hook);
    const blind = hook === undefined ? undefined : blindMatch(hook, subscription);
    if (blind !== undefined) problems.push({ ...(await inManifest(loaded, `/hooks/${subscription.hook}`, blind)), plugin: name });
  }
  return problems;
}

function admit({ name, entry, directory }: Candidate, manifest: Manifest, { admission }: Surroundings): Promise<Admission> {
  if (directory === undefined) throw new TypeError(`plugin "${name}" has a manifest and no folder`);
  return admitPlugin({ name, entry, directory, manifest }, admission);
}

interface Heard {
  readonly subscriptions: readonly Subscription[];
  /** Undefined: it does not fit the plugin's schema. */
  readonly config: Readonly<Record<string, unknown>> | undefined;
  readonly problems: readonly Problem[];
}

const nothing: Heard = { subscriptions: [], config: undefined, problems: [] };

async function readManifest(candidate: Candidate, manifest: Manifest, around: Surroundings): Promise<Heard> {
  const heard = await subscribe(candidate, manifest, around);
  const config = await pluginConfig(candidate, manifest, around);
  const isMisnamed = candidate.entry !== undefined && manifest.name !== candidate.name;
  return {
    subscriptions: heard.subscriptions,
    config: config.values,
    problems: [...(isMisnamed ? [await misnamed(candidate, manifest)] : []), ...heard.problems, ...config.problems],
  };
}

/** What is known of a plugin without its manifest. */
function unread(candidate: Candidate, state: RegisteredState, reason: string | undefined): RegisteredPlugin {
  const { name, entry, sets, directory } = candidate;
  return {
    name,
    state,
    reason,
    directory,
    manifestFile: undefined,
    manifestHash: undefined,
    manifest: undefined,
    trust: entry?.trust ?? 'none',
    required: entry?.required ?? false,
    ...(entry?.logLevel === undefined ? {} : { logLevel: entry.logLevel }),
    config: entry?.config ?? {},
    granted: {},
    confinement: undefined,
    hash: undefined,
    lock: 'none',
    lockFile: undefined,
    sets: sets.map((set) => set.name),
    problems: [],
  };
}

async function misnamed({ name, loaded }: Candidate, manifest: Manifest): Promise<Problem> {
  const message = `The manifest calls the plugin "${manifest.name}", the config "${name}": use one name in both`;
  return await inManifest(loaded, '/name', message);
}

/** An error at a field of the manifest. */
export async function inManifest(loaded: LoadedManifest | undefined, pointer: string, message: string): Promise<Problem> {
  const file = loaded?.file === undefined ? {} : { file: loaded.file };
  return { severity: 'error', ...file, ...(await loaded?.locate(pointer)), pointer, message };
}

async function subscribe(candidate: Candidate, manifest: Manifest, around: Surroundings) {
  const { entry = {}, sets, order, loaded } = candidate;
  const subscriptions: Subscription[] = [];
  const problems: Problem[] = [];
  for (const name of Object.keys(manifest.hooks)) {
    const hook = around.hooks.get(name);
    if (hook === undefined) {
      problems.push(await unknownHook(name, loaded, around));
      continue;
    }
    const subscription = makeSubscription(hook, { manifest, entry, sets, order, sees: [] });
    const dead = deadMatch(hook, subscription);
    if (dead !== undefined) problems.push(await inManifest(loaded, `/hooks/${name}`, dead));
    subscriptions.push(subscription);
  }
  for (const name of Object.keys(entry.hooks ?? {})) {
    if (Object.hasOwn(manifest.hooks, name)) continue;
    const place = await around.config.place(`/plugins/${candidate.name}/hooks/${name}`);
    const message = `"${candidate.name}" does not hear "${name}"${didYouMean(name, Object.keys(manifest.hooks))}`;
    problems.push({ severity: 'warning', ...place, message });
  }
  return { subscriptions, problems };
}

async function unknownHook(name: string, loaded: LoadedManifest | undefined, { hooks, catalogs }: Surroundings): Promise<Problem> {
  const [catalog = ''] = name.split('.');
  const pointer = `/hooks/${name}`;
  if (catalogs.has(catalog)) {
    return inManifest(loaded, pointer, `No hook point is called "${name}"${didYouMean(name, hooks.keys())}`);
  }
  const message = `"${name}" is never fired here: the catalog "${catalog}" is not loaded${didYouMean(catalog, catalogs)}`;
  return { ...(await inManifest(loaded, pointer, message)), severity: 'warning' };
}

interface PluginConfig {
  readonly values: Readonly<Record<string, unknown>> | undefined;
  readonly problems: readonly Problem[];
}

async function pluginConfig({ name, entry, loaded }: Candidate, manifest: Manifest, around: Surroundings): Promise<PluginConfig> {
  // A plugin that was merely found has no configuration to be wrong.
  if (entry === undefined) return { values: undefined, problems: [] };
  const checked = await checkConfig(entry.config ?? {}, manifest.configSchema, around.cacheDir);
  if ('config' in checked) return { values: checked.config, problems: [] };
  if ('schemaProblem' in checked)
    return { values: undefined, problems: [await inManifest(loaded, '/configSchema', checked.schemaProblem)] };
  const problems = checked.issues.map(async ({ pointer, message }): Promise<Problem> => {
    return { severity: 'error', ...(await around.config.place(`/plugins/${name}/config${pointer}`)), message };
  });
  return { values: undefined, problems: await Promise.all(problems) };
}
