import type { Participant } from '../../dispatcher/plan.ts';
import type { LoadedHook, RegisteredPlugin, Registry } from '../../registry/types.ts';
import type { PluginSpec } from '../../supervisor/types.ts';
import type { Prepared, VersionedDeps, VersionedPlugin } from '../../supervisor/versioned-plugin.ts';
import type { HostJournal } from '../host-journal.ts';
import type { KeptData } from '../kept-data.ts';
import type { LiveGrants } from '../live-grants.ts';
import type { SecretGuard } from '../redact-secrets.ts';
import type { KeptPlugin } from './keep-last.ts';

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
export interface Member {
  readonly plugin: VersionedPlugin;
  readonly spec: PluginSpec;
  /** All that a running process cannot be told of: what differs needs a new one. */
  readonly print: string;
  readonly placed: readonly Placed[];
}

/** What `change()` found out about one plugin. */
export interface Draft {
  readonly registered: RegisteredPlugin;
  readonly spec: PluginSpec;
  readonly print: string;
  readonly before: Member | undefined;
  readonly prepared: Prepared | undefined;
}

export interface Change {
  readonly registry: Registry;
  /** Plugins that stay as they are, whatever it says of them. */
  readonly lost: readonly KeptPlugin[];
  /** Plugins whose code is another, whatever their registration says. */
  readonly reloaded: ReadonlySet<string>;
  /** Plugins that are started when they do not run, and without whose new version nothing is to change. */
  readonly started: ReadonlySet<string>;
  /** Throws when the plugins do not fit together; then nothing has changed. */
  readonly check: () => void;
}

export interface Outline {
  readonly registry: Registry;
  readonly drafts: readonly Draft[];
  readonly kept: readonly KeptPlugin[];
}

export interface Changed {
  readonly gone: readonly VersionedPlugin[];
  readonly kept: readonly KeptPlugin[];
}
