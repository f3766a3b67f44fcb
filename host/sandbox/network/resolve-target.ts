import { lookup as systemLookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import type { NetRule } from '../types.ts';
import { canonicalHost, isAddress } from './host-name.ts';
import { isSpecialAddress, ruleFor } from './rules.ts';

/** All addresses of a name. Rejects when it has none. */
export type Lookup = (name: string) => Promise<readonly string[]>;

/** Where to connect, or why not: `denied` by the rules, `failed` by the network. */
export type Target =
  | { readonly status: 'open'; readonly host: string; readonly port: number; readonly addresses: readonly string[] }
  | { readonly status: 'denied'; readonly reason: string }
  | { readonly status: 'failed'; readonly reason: string };

/** Most addresses of one name that are tried. */
const MAX_ADDRESSES = 8;
const LOOKUP_MS = 10_000;

/** Matches a host and port with the rules, and only then resolves the name, once. The caller dials these very addresses. Never rejects. */
export async function resolveTarget(rules: readonly NetRule[], host: string, port: number, lookup: Lookup = lookupAll): Promise<Target> {
  const name = canonicalHost(host);
  const rule = ruleFor(rules, host, port);
  if (name === undefined) return { status: 'denied', reason: 'it is neither a host name nor an address in its usual spelling' };
  if (rule === undefined) return { status: 'denied', reason: 'it is not among the granted hosts' };
  const addresses = isAddress(name) ? [name] : await resolved(name, lookup);
  if (addresses === undefined) return { status: 'failed', reason: 'its name cannot be resolved' };
  // Granted as it stands, an address may be anything; through a name or a wildcard only public ones are reached.
  const open = rule.host === name && isAddress(name) ? addresses : addresses.filter(isPublic);
  if (open.length > 0) return { status: 'open', host: name, port, addresses: open.slice(0, MAX_ADDRESSES) };
  return { status: 'denied', reason: 'it resolves to private or special addresses only, which have to be granted as addresses' };
}

async function resolved(name: string, lookup: Lookup): Promise<readonly string[] | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, LOOKUP_MS, undefined);
  });
  try {
    const addresses = await Promise.race([lookup(name), late]);
    return addresses?.length === 0 ? undefined : addresses;
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

// The machine's own public addresses lead to services that a firewall hides from everybody else.
function isPublic(address: string): boolean {
  if (!isAddress(address) || isSpecialAddress(address)) return false;
  const own = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  return !own.some((each) => each.address === address);
}

async function lookupAll(name: string): Promise<readonly string[]> {
  return (await systemLookup(name, { all: true })).map(({ address }) => address);
}
