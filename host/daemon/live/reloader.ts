import type { Config, ReloadResult } from '@outrigger/schemas';
import { HostError } from '../../protocol/errors.ts';
import { formatProblem } from '../../registry/load-config.ts';
import type { Problem, Registry } from '../../registry/types.ts';
import { APPLICATION, type AuditEntry } from '../audit.ts';
import type { Core } from '../core.ts';
import { lostPlugins } from './keep-last.ts';
import { whyNot } from './why-not.ts';

export interface ReloadOptions {
  /** For a host that was given its configuration as an object: the new one. */
  readonly config?: Config;
  /** Plugins that get a new process whether their registration changed or not; one that does not run is started. */
  readonly plugins?: readonly string[];
  /** Plugins of which a file has changed: they get a new process when they run. */
  readonly changed?: readonly string[];
  /** Who wants it, and what was done before that it is to put in force. Default: the application reloads. */
  readonly cause?: Pick<AuditEntry, 'action' | 'plugin' | 'detail' | 'by'>;
}

export interface ReloadRecord extends ReloadResult {
  /** When it ended, RFC 3339. */
  readonly time: string;
}

/** Reads everything anew. Throws HostError. */
export type LoadAgain = (config: Config | undefined) => Promise<Registry>;

/**
 * Takes over what has changed on disk while the host runs, or nothing and with the reason. A plugin that cannot be used as it is now
 * stays as it was, and holds up nothing else, unless it is one that was asked for by name.
 */
export class Reloader {
  latest: ReloadRecord | undefined;
  readonly #core: Core;
  readonly #load: LoadAgain;
  readonly #listeners: Set<() => void> = new Set();
  /** Plugins whose changed code was refused: what is on disk is not what runs, so the next reload tries it again. */
  readonly #owed: Set<string> = new Set();
  #turn: Promise<unknown> = Promise.resolve();
  #config: Config | undefined;

  constructor(core: Core, load: LoadAgain) {
    this.#core = core;
    this.#load = load;
  }

  /** One after another. Rejects with HOST_STOPPED or PLUGIN_UNKNOWN; what cannot be used is the reason in the result. */
  reload(options: ReloadOptions): Promise<ReloadResult> {
    const done = this.#turn.then(() => this.#reload(options));
    this.#turn = done.catch(() => {});
    return done;
  }

  /** Called after each change that was taken over; the result ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async #reload(options: ReloadOptions): Promise<ReloadResult> {
    this.#core.assertRunning();
    const result = await this.#attempt(options);
    this.latest = { ...result, time: new Date().toISOString() };
    const { cause = { action: 'reload', by: APPLICATION }, plugins = options.changed } = options;
    const detail = cause.detail ?? (plugins === undefined || plugins.length === 0 ? undefined : plugins.join(', '));
    this.#core.audit({ ...cause, detail, reason: refusalOf(result, cause.plugin) });
    if (!result.applied) {
      for (const name of options.changed ?? []) this.#owed.add(name);
      return result;
    }
    this.#owed.clear();
    for (const { plugin, reason } of result.kept ?? []) {
      this.#owed.add(plugin);
      this.#core.warn(reason);
    }
    this.#config = options.config ?? this.#config;
    for (const listener of this.#listeners) listener();
    return result;
  }

  async #attempt(options: ReloadOptions): Promise<ReloadResult> {
    const { roster } = this.#core;
    try {
      const registry = await this.#load(options.config ?? this.#config);
      const problems = registry.problems.map(lineOf);
      for (const name of options.plugins ?? []) assertUsable(registry, name);
      const lost = lostPlugins(roster.registry, registry);
      const asked = lost.find(({ plugin }) => options.plugins?.includes(plugin));
      const reason = whyNot(roster.registry, registry) ?? asked?.reason;
      if (reason !== undefined) return { applied: false, reason, problems };
      this.#core.assertRunning();
      const done = await roster.change({
        registry,
        lost,
        reloaded: new Set([...(options.plugins ?? []), ...(options.changed ?? []), ...this.#owed]),
        started: new Set(options.plugins ?? []),
        check: () => this.#core.checkPlans(),
      });
      if ('failure' in done) return { applied: false, reason: this.#core.guard.text(done.failure.message), problems };
      this.#core.letGo(done.gone);
      return { applied: true, problems, ...(done.kept.length === 0 ? {} : { kept: [...done.kept] }) };
    } catch (error) {
      if (!(error instanceof HostError) || error.code === 'HOST_STOPPED' || error.code === 'PLUGIN_UNKNOWN') throw error;
      return { applied: false, reason: error.message, problems: [] };
    }
  }
}

/** Why what was done is not in force; undefined when it is. */
function refusalOf({ applied, reason, kept = [] }: ReloadResult, plugin: string | undefined): string | undefined {
  if (!applied) return reason ?? 'it was refused';
  const concerned = kept.filter((one) => plugin === undefined || one.plugin === plugin);
  return concerned.length === 0 ? undefined : concerned.map((one) => one.reason).join('; ');
}

function assertUsable({ plugins }: Registry, name: string): void {
  const plugin = plugins.get(name);
  if (plugin === undefined) throw new HostError('PLUGIN_UNKNOWN', `Cannot reload plugin "${name}": no plugin has this name`);
  if (plugin.state === 'disabled' || plugin.state === 'without')
    throw new HostError('PLUGIN_REFUSED', `Cannot reload plugin "${name}": ${plugin.reason ?? plugin.state}`);
}

function lineOf(problem: Problem): string {
  const line = formatProblem(problem);
  return problem.plugin === undefined ? line : `${problem.plugin}: ${line}`;
}
