import type { Permissions } from '@outrigger/schemas';
import { intersect, isEmpty, union } from '../sandbox/policy/permissions.ts';

export interface GrantDeps {
  /** What the registry found granted when the host started. */
  readonly registered: (plugin: string) => Permissions;
  /** How often the plugin's process was started. */
  readonly starts: (plugin: string) => number;
}

interface Added {
  readonly permissions: Permissions;
  readonly starts: number;
}

/** What each plugin may do right now: what was granted at the start of the host, and what was granted since. */
export class LiveGrants {
  readonly #deps: GrantDeps;
  readonly #added: Map<string, Added[]> = new Map();

  constructor(deps: GrantDeps) {
    this.#deps = deps;
  }

  /** `registered`: what a version that is not in use yet begins with. */
  of(plugin: string, registered: Permissions = this.#deps.registered(plugin)): Permissions {
    const added = this.#added.get(plugin) ?? [];
    return added.reduce((all, { permissions }) => union(all, permissions), registered);
  }

  add(plugin: string, permissions: Permissions): void {
    const added = this.#added.get(plugin) ?? [];
    this.#added.set(plugin, [...added, { permissions, starts: this.#deps.starts(plugin) }]);
  }

  /** `restart` while the running process is older than a part of these grants that only a new process gets. */
  effective(plugin: string, permissions: Permissions): 'now' | 'restart' {
    const canFetch = this.of(plugin).services?.includes('net/fetch') === true;
    const awaited = forProcess(permissions, canFetch);
    const starts = this.#deps.starts(plugin);
    const isLater = ({ permissions: added, starts: since }: Added): boolean => since === starts && !isEmpty(intersect(awaited, added));
    return (this.#added.get(plugin) ?? []).some(isLater) ? 'restart' : 'now';
  }
}

/** What is given to a process when it starts. Hosts take effect at once for a plugin that lets the host fetch. */
function forProcess({ fs, env, run, ipc, native, net }: Permissions, canFetch: boolean): Permissions {
  return {
    ...(fs === undefined ? {} : { fs }),
    ...(env === undefined ? {} : { env }),
    ...(run === undefined ? {} : { run }),
    ...(ipc === undefined ? {} : { ipc }),
    ...(native === undefined ? {} : { native }),
    ...(net === undefined || canFetch ? {} : { net }),
  };
}
