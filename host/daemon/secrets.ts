import type { Permissions } from '@outrigger/schemas';
import { errorText, HostError } from '../protocol/errors.ts';
import type { Logger } from '../protocol/types.ts';
import { parseRule, ruleFor } from '../sandbox/network/rules.ts';
import type { SecretGuard } from './redact-secrets.ts';

/** Where an application keeps secrets: the value, or undefined when there is none of this name. */
export type SecretSource = (name: string, caller: { plugin: string }) => string | undefined | Promise<string | undefined>;

export interface SecretDeps {
  readonly source: SecretSource;
  /** Told every value that leaves the store. */
  readonly guard: SecretGuard;
  readonly log: Logger;
}

/** Who asks, and what the operator granted. */
export interface SecretCaller {
  readonly plugin: string;
  readonly granted: Permissions;
}

/** Secrets on their way to plugins: only those granted by name. */
export class Secrets {
  readonly #deps: SecretDeps;

  constructor(deps: SecretDeps) {
    this.#deps = deps;
  }

  /** A secret that the plugin may see. Rejects with PERMISSION_DENIED or SECRET_UNKNOWN. */
  async read(caller: SecretCaller, name: string): Promise<string> {
    const grants = grantsOf(caller, name);
    if (grants.includes('anywhere')) return this.#find(caller.plugin, name);
    const message = `Cannot read secret "${name}": plugin "${caller.plugin}" may send it to ${hostsOf(grants)} with net/fetch, but not see it`;
    throw new HostError('PERMISSION_DENIED', message);
  }

  /** A secret for a request of the host to this place; the plugin does not see it. Rejects with PERMISSION_DENIED or SECRET_UNKNOWN. */
  async forHost(caller: SecretCaller, name: string, place: { host: string; port: number }): Promise<string> {
    const grants = grantsOf(caller, name);
    if (grants.some((grant) => grant === 'anywhere' || admits(grant, place))) return this.#find(caller.plugin, name);
    const where = `"${place.host}" on port ${place.port}`;
    const message = `Cannot send secret "${name}" to ${where}: plugin "${caller.plugin}" may send it to ${hostsOf(grants)} only`;
    throw new HostError('PERMISSION_DENIED', message);
  }

  async #find(plugin: string, name: string): Promise<string> {
    const value = await this.#ask(plugin, name);
    if (value === undefined) {
      const fix = `the operator stores it with: outrigger secrets set ${name}`;
      throw new HostError(
        'SECRET_UNKNOWN',
        `Cannot read secret "${name}": it is granted to plugin "${plugin}" but there is none of this name; ${fix}`,
      );
    }
    this.#deps.guard.remember(name, value);
    return value;
  }

  async #ask(plugin: string, name: string): Promise<string | undefined> {
    try {
      const value: unknown = await this.#deps.source(name, { plugin });
      if (value === undefined || typeof value === 'string') return value || undefined;
      throw new TypeError('it is no text');
    } catch (error) {
      // Paths and causes are the operator's business: the plugin learns only that it failed.
      this.#deps.log.error('secret cannot be read', {
        plugin,
        secret: name,
        reason: errorText(error),
      });
      throw new HostError('STORAGE_FAILED', `Cannot read secret "${name}": the store of secrets failed; the host's log says how`);
    }
  }
}

/** One grant of a secret: to be seen, or for these hosts. */
type SecretGrant = 'anywhere' | readonly string[];

function grantsOf({ plugin, granted }: SecretCaller, name: string): SecretGrant[] {
  const grants = (granted.secrets ?? []).flatMap((one): SecretGrant[] => {
    if (typeof one === 'string') return one === name ? ['anywhere'] : [];
    return one.name === name ? [one.hosts] : [];
  });
  if (grants.length > 0) return grants;
  const message = `Cannot read secret "${name}": plugin "${plugin}" needs it under permissions.secrets in its manifest, and the operator's grant: outrigger plugins trust ${plugin}`;
  throw new HostError('PERMISSION_DENIED', message);
}

function admits(hosts: readonly string[], { host, port }: { host: string; port: number }): boolean {
  const rules = hosts.map(parseRule).filter((rule) => rule !== undefined);
  return ruleFor(rules, host, port) !== undefined;
}

function hostsOf(grants: readonly SecretGrant[]): string {
  return grants.flatMap((grant) => (grant === 'anywhere' ? [] : grant)).join(', ');
}
