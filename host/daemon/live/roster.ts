import type { Permissions } from '@outrigger/schemas';
import type { Participant } from '../../dispatcher/plan.ts';
import type { Failure } from '../../protocol/types.ts';
import type { LoadedHook, RegisteredPlugin, Registry } from '../../registry/types.ts';
import type { PluginSpec } from '../../supervisor/types.ts';
import { type Prepared, type VersionedDeps, VersionedPlugin } from '../../supervisor/versioned-plugin.ts';
import type { HostJournal } from '../host-journal.ts';
import type { KeptData } from '../kept-data.ts';
import type { LiveGrants } from '../live-grants.ts';
import { pluginParticipant, seeing } from '../participants.ts';
import { pluginSpec } from '../plugin-spec.ts';
import { guardedHandle, type SecretGuard } from '../redact-secrets.ts';

/** A plugin's place at one hook point. */
export interface Placed {
  readonly hook: LoadedHook;
  readonly participant: Participant;
}

export interface RosterDeps extends Pick<VersionedDeps, 'timers' | 'log' | 'serve' | 'trialMs'> {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cacheDir: string;
  readonly inspectPlugin: string | undefined;
  readonly guard: SecretGuard;
  readonly grants: LiveGrants;
  readonly kept: KeptData;
  readonly journal: HostJournal | undefined;
}

/** A plugin that is in use. */
interface Member {
  readonly plugin: VersionedPlugin;
  readonly spec: PluginSpec;
  /** All that a running process cannot be told of: what differs needs a new one. */
  readonly print: string;
  readonly placed: readonly Placed[];
}

/** What `change()` found out about one plugin. */
interface Draft {
  readonly registered: RegisteredPlugin;
  readonly spec: PluginSpec;
  readonly print: string;
  readonly before: Member | undefined;
  readonly prepared: Prepared | undefined;
}

export interface Change {
  readonly registry: Registry;
  /** Plugins whose code is another, whatever their registration says. */
  readonly reloaded: ReadonlySet<string>;
  /** Plugins that are started when they do not run. */
  readonly started: ReadonlySet<string>;
  /** Throws when the plugins do not fit together; then nothing has changed. */
  readonly check: () => void;
}

/** The plugins of a host as they are right now. Everybody who asks gets the same answer until `version` changes. */
export class Roster {
  /** Grows with every change. */
  version = 0;
  readonly #deps: RosterDeps;
  readonly #inForce: { registry: Registry };
  #members: ReadonlyMap<string, Member> = new Map();
  #names: ReadonlySet<string> = new Set();

  constructor(inForce: { registry: Registry }, deps: RosterDeps) {
    this.#inForce = inForce;
    this.#deps = deps;
  }

  get registry(): Registry {
    return this.#inForce.registry;
  }

  /** Takes in the plugins it was made for. */
  open(): void {
    this.#put(this.#enabled(this.registry).map((plugin) => this.#draft(plugin, this.registry, undefined)));
    this.#deps.journal?.release(this.#members.keys());
  }

  readonly names = (): ReadonlySet<string> => this.#names;

  plugin(name: string): VersionedPlugin | undefined {
    return this.#members.get(name)?.plugin;
  }

  plugins(): VersionedPlugin[] {
    return [...this.#members.values()].map(({ plugin }) => plugin);
  }

  placed(): Placed[] {
    return [...this.#members.values()].flatMap(({ placed }) => placed);
  }

  placedOf(plugin: string): readonly Placed[] {
    return this.#members.get(plugin)?.placed ?? [];
  }

  /** The subscriptions of plugins that hear every event. */
  forEverybody(): Placed[] {
    const { plugins = {} } = this.registry.config;
    return [...this.#members].flatMap(([name, { placed }]) => (plugins[name]?.scope === 'session' ? [] : placed));
  }

  /**
   * Takes over another registry, as a whole or not at all: new versions are started beside the old ones first. The result is why not, or
   * the plugins that are no longer used and must be ended when nothing asks for them any more.
   */
  async change(change: Change): Promise<{ readonly failure: Failure } | { readonly gone: readonly VersionedPlugin[] }> {
    const { registry, check } = change;
    const drafts = await Promise.all(this.#enabled(registry).map((plugin) => this.#prepare(plugin, change)));
    const failure = drafts.find(({ prepared }) => prepared?.failure !== undefined)?.prepared?.failure;
    const abandon = (): void => {
      for (const { prepared } of drafts) if (prepared?.failure === undefined) prepared?.abandon();
    };
    if (failure !== undefined) {
      abandon();
      return { failure };
    }
    const before = { registry: this.registry, members: this.#members, names: this.#names };
    this.#inForce.registry = registry;
    this.#put(drafts);
    try {
      check();
    } catch (error) {
      this.#inForce.registry = before.registry;
      this.#members = before.members;
      this.#names = before.names;
      this.version += 1;
      this.#deps.journal?.release(this.#members.keys());
      abandon();
      throw error;
    }
    for (const { prepared, before: old, registered } of drafts) {
      if (prepared !== undefined) prepared.commit();
      else if (old !== undefined && !isSame(old.spec.config, registered.config)) old.plugin.updateConfig(registered.config);
    }
    this.#deps.journal?.release(this.#members.keys());
    void this.#deps.journal?.start();
    return { gone: [...before.members].filter(([name]) => !this.#members.has(name)).map(([, { plugin }]) => plugin) };
  }

  #enabled({ plugins }: Registry): RegisteredPlugin[] {
    return [...plugins.values()].filter(({ state }) => state === 'enabled');
  }

  async #prepare(registered: RegisteredPlugin, { registry, reloaded, started }: Change): Promise<Draft> {
    const draft = this.#draft(registered, registry, this.#members.get(registered.name));
    const { name } = registered;
    const { before } = draft;
    if (before === undefined || (before.print === draft.print && !reloaded.has(name))) return draft;
    return { ...draft, prepared: await before.plugin.prepare(draft.spec, { mustStart: started.has(name) }) };
  }

  #draft(registered: RegisteredPlugin, { config, subscriptions }: Registry, before: Member | undefined): Draft {
    const { env, cacheDir, inspectPlugin, kept } = this.#deps;
    const hooks = [...subscriptions].filter(([, all]) => all.some(({ plugin }) => plugin === registered.name)).map(([hook]) => hook);
    const granted = this.#granted(registered);
    const inspect = inspectPlugin === registered.name;
    const spec = kept.noticing(pluginSpec(registered, { config, env, cacheDir, inspect, hooks, granted }), granted);
    return { registered, spec, print: printOf(registered, spec, config.sandbox), before, prepared: undefined };
  }

  /** By its own registration: a version that is not in use yet has other grants than the one that is. */
  #granted({ name, granted }: RegisteredPlugin): () => Permissions {
    return () => this.#deps.grants.of(name, granted);
  }

  #put(drafts: readonly Draft[]): void {
    const members = new Map(drafts.map((draft) => [draft.registered.name, this.#member(draft)]));
    this.#members = members;
    this.#names = new Set([...this.registry.plugins.keys(), 'default']);
    this.version += 1;
  }

  #member({ registered, spec, print, before, prepared }: Draft): Member {
    const { timers, log, serve, trialMs, journal } = this.#deps;
    const plugin =
      before?.plugin ??
      new VersionedPlugin(spec, {
        ...{ timers, log, serve },
        ...(trialMs === undefined ? {} : { trialMs }),
        ...(journal === undefined ? {} : { onStatus: journal.onStatus }),
      });
    // What is known of the old code's failures says nothing about the new.
    const known = prepared === undefined ? before?.placed : undefined;
    return { plugin, spec, print, placed: this.#place(registered, plugin, known ?? []) };
  }

  #place(registered: RegisteredPlugin, plugin: VersionedPlugin, known: readonly Placed[]): Placed[] {
    const { guard, journal } = this.#deps;
    const { subscriptions, hooks } = this.registry;
    const handle = mayHaveSecrets(registered) ? guardedHandle(plugin, guard) : plugin;
    const granted = this.#granted(registered);
    return [...subscriptions.values()].flat().flatMap((subscription) => {
      const hook = hooks.get(subscription.hook);
      if (subscription.plugin !== registered.name || hook === undefined) return [];
      const breaker = known.find((one) => one.hook.name === hook.name)?.participant.breaker;
      const asked = journal?.keeping(subscription, handle) ?? handle;
      return [{ hook, participant: pluginParticipant(seeing(subscription, registered, granted), asked, breaker) }];
    });
  }
}

/** The operator's settings are part of it where something confines the plugin by them. */
function printOf(
  { directory, manifestHash, hash, trust, granted, confinement }: RegisteredPlugin,
  spec: PluginSpec,
  sandbox: unknown,
): string {
  const { config: _, confine: __, ...fixed } = spec;
  const held = confinement === undefined ? undefined : [confinement.driver.name, sandbox];
  return JSON.stringify([fixed, directory, manifestHash, hash, trust, granted, held]);
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Its words are looked through; nobody else's cost anything. */
function mayHaveSecrets({ manifest }: RegisteredPlugin): boolean {
  return [manifest?.permissions, manifest?.optionalPermissions].some((asked) => asked?.secrets !== undefined);
}
