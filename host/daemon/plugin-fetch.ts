import type { NetFetchParams, NetFetchResult } from '@outrigger/schemas';
import type { Logger } from '../protocol/types.ts';
import { Denials } from '../sandbox/network/denials.ts';
import { parseRule } from '../sandbox/network/rules.ts';
import { intersect } from '../sandbox/policy/permissions.ts';
import type { SecretCaller, Secrets } from './secrets.ts';

export interface FetchDeps {
  readonly secrets: Secrets;
  readonly log: Logger;
  /** Longest message to a plugin, in bytes. */
  readonly maxMessageBytes: number;
}

export interface FetchCaller extends SecretCaller {
  /** Hosts that plugins without full trust may reach at most; undefined: no such bound. */
  readonly cap: readonly string[] | undefined;
  readonly signal: AbortSignal;
}

/** Room in a message for what is not the body: status, address, and at most 16 KiB of header fields. */
const ENVELOPE_BYTES = 65_536;

/** `net/fetch`: the host makes one request for a plugin, to a host it was granted, with secrets the plugin need not see. */
export async function pluginFetch(params: NetFetchParams, caller: FetchCaller, deps: FetchDeps): Promise<NetFetchResult> {
  const { plugin, granted, cap, signal } = caller;
  // Loaded by the first plugin that fetches.
  const { netFetch } = await import('./net-fetch.ts');
  const hosts = cap === undefined ? (granted.net ?? []) : (intersect({ net: granted.net ?? [] }, { net: [...cap] }).net ?? []);
  return netFetch(params, {
    plugin,
    rules: hosts.map(parseRule).filter((rule) => rule !== undefined),
    secret: (name, host, port) => deps.secrets.forHost(caller, name, { host, port }),
    maxBytes: bodyBytes(deps.maxMessageBytes),
    signal,
    onDenied: (denial) => denialsOf(plugin, deps).add(denial),
  });
}

/** What was refused, by plugin: a flood of one must not drown the log, nor what others were refused. A host has one `Secrets`. */
const refused = new WeakMap<Secrets, Map<string, Denials>>();

function denialsOf(plugin: string, { secrets, log }: FetchDeps): Denials {
  const known = refused.get(secrets) ?? new Map<string, Denials>();
  refused.set(secrets, known);
  const denials = known.get(plugin) ?? new Denials((denial) => log.warn('connection refused', { plugin, ...denial }));
  known.set(plugin, denials);
  return denials;
}

/** What a body may have so that its base64 fits into a message. */
export function bodyBytes(maxMessageBytes: number): number {
  return Math.max(0, Math.floor(((maxMessageBytes - ENVELOPE_BYTES) * 3) / 4));
}
