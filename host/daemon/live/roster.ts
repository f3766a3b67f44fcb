import type { Permissions } from '@outrigger/schemas';
import type { Failure } from '../../protocol/types.ts';
import type { RegisteredPlugin, Registry, Subscription } from '../../registry/types.ts';
import { VersionedPlugin } from '../../supervisor/versioned-plugin.ts';
import { pluginParticipant, seeing } from '../participants.ts';
import { pluginSpec } from '../plugin-spec.ts';
import { guardedHandle } from '../redact-secrets.ts';
import { keepLast, keptFor } from './keep-last.ts';
import { printOf } from './print-of.ts';
import type { Change, Changed, Draft, Member, Outline, Placed, RosterDeps } from './types.ts';

/** The plugins of a host as they are right now. Everybody who asks gets the same answer until `version` changes. */
export class Roster {
  /** Grows with every change. */
  version = 0;
  readonly #deps: RosterDeps;
  readonly #inForce: { registry: Registry };
  #members: ReadonlyMap<string, Member> = new Map();
  /** Made when first needed, for the members of one version. */
  #everybody: { readonly version: number; readonly byHook: ReadonlyMap<string, readonly Placed[]> } | undefined;

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

  /** The subscriptions to this hook point of plugins that hear every event. */
  forEverybody(hook: string): readonly Placed[] {
    if (this.#everybody?.version !== this.version) {
      const { plugins = {} } = this.registry.config;
      const placed = [...this.#members].flatMap(([name, member]) => (plugins[name]?.scope === 'session' ? [] : member.placed));
      this.#everybody = { version: this.version, byHook: Map.groupBy(placed, (one) => one.hook.name) };
    }
    return this.#everybody.byHook.get(hook) ?? [];
  }

  /**
   * Takes over another registry: new versions are started beside the old ones first, and where one cannot be used the one before stays.
   * The result is why nothing has changed, or the plugins that stayed as they were, and those that are no longer used and must be ended
   * when nothing asks for them any more.
   */
  async change(change: Change): Promise<{ readonly failure: Failure } | Changed> {
    const outline = await this.#outline(change);
    if ('failure' in outline) return outline;
    const { registry, drafts, kept } = outline;
    const before = { registry: this.registry, members: this.#members };
    this.#inForce.registry = registry;
    this.#put(drafts);
    try {
      change.check();
    } catch (error) {
      this.#inForce.registry = before.registry;
      this.#members = before.members;
      this.version += 1;
      this.#deps.journal?.release(this.#members.keys());
      abandon(drafts);
      throw error;
    }
    for (const { prepared, before: old, registered } of drafts) {
      if (prepared !== undefined) prepared.commit();
      else if (old !== undefined && !isSame(old.spec.config, registered.config)) old.plugin.updateConfig(registered.config);
    }
    this.#deps.journal?.release(this.#members.keys());
    void this.#deps.journal?.start();
    const gone = [...before.members].filter(([name]) => !this.#members.has(name)).map(([, { plugin }]) => plugin);
    return { gone, kept };
  }

  /** What is to be in force, with every new version started. */
  async #outline(change: Change): Promise<{ readonly failure: Failure } | Outline> {
    const loaded = keepLast(this.registry, change.registry, change.lost);
    const lost = new Set(change.lost.map(({ plugin }) => plugin));
    const drafts = await Promise.all(
      this.#enabled(loaded).map((plugin) => (lost.has(plugin.name) ? this.#draftAsBefore(plugin, loaded) : this.#prepare(plugin, change))),
    );
    const failed = drafts.flatMap(({ registered: { name }, prepared: { failure } = {} }) => (failure ? [{ name, failure }] : []));
    const asked = failed.find(({ name }) => change.started.has(name));
    if (asked !== undefined) {
      abandon(drafts);
      return asked;
    }
    const refused = failed.map(({ name, failure }) => keptFor(name, this.#deps.guard.text(failure.message)));
    const registry = keepLast(this.registry, loaded, refused);
    const whole = drafts.map((draft) => {
      const plugin = registry.plugins.get(draft.registered.name);
      return draft.prepared?.failure === undefined || plugin === undefined ? draft : this.#draftAsBefore(plugin, registry);
    });
    return { registry, drafts: whole, kept: [...change.lost, ...refused] };
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

  /** A plugin that stays as it is: its process is told of nothing. */
  #draftAsBefore(registered: RegisteredPlugin, registry: Registry): Draft {
    const before = this.#members.get(registered.name);
    const draft = this.#draft(registered, registry, before);
    return before === undefined ? draft : { ...draft, spec: before.spec, print: before.print };
  }

  #draft(registered: RegisteredPlugin, registry: Registry, before: Member | undefined): Draft {
    const { config } = registry;
    const { env, cacheDir, inspectPlugin, kept } = this.#deps;
    const hooks = heardBy(registry, registered.name).map(({ hook }) => hook);
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
    const { hooks } = this.registry;
    const handle = mayHaveSecrets(registered) ? guardedHandle(plugin, guard) : plugin;
    const granted = this.#granted(registered);
    return heardBy(this.registry, registered.name).flatMap((subscription) => {
      const hook = hooks.get(subscription.hook);
      if (hook === undefined) return [];
      const breaker = known.find((one) => one.hook.name === hook.name)?.participant.breaker;
      const asked = journal?.keeping(subscription, handle) ?? handle;
      return [{ hook, participant: pluginParticipant(seeing(subscription, registered, granted), asked, breaker) }];
    });
  }
}

function abandon(drafts: readonly Draft[]): void {
  for (const { prepared } of drafts) if (prepared?.failure === undefined) prepared?.abandon();
}

const heard = new WeakMap<Registry, ReadonlyMap<string, readonly Subscription[]>>();

/** What a plugin hears. By plugin in one pass: going through all for each would stop the loop for seconds with a thousand of them. */
function heardBy(registry: Registry, plugin: string): readonly Subscription[] {
  const known = heard.get(registry) ?? Map.groupBy([...registry.subscriptions.values()].flat(), (one) => one.plugin);
  heard.set(registry, known);
  return known.get(plugin) ?? [];
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Its words are looked through; nobody else's cost anything. */
function mayHaveSecrets({ manifest }: RegisteredPlugin): boolean {
  return [manifest?.permissions, manifest?.optionalPermissions].some((asked) => asked?.secrets !== undefined);
}
