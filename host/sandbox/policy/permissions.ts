import type { Permissions } from '@outrigger/schemas';
import { isAddress } from '../network/host-name.ts';
import { isSpecialAddress, parseRule } from '../network/rules.ts';
import type { NetRule } from '../types.ts';

export { type ConsentLine, consentLines } from './consent-lines.ts';

type Secret = NonNullable<Permissions['secrets']>[number];

/**
 * What of `asked` is in `given`, key by key. Paths and names compare as texts, a path that may be written may be read too;
 * a wildcard host holds the hosts below it, on either side. Pure.
 */
export function intersect(asked: Permissions, given: Permissions): Permissions {
  const read = among(asked.fs?.read, [...(given.fs?.read ?? []), ...(given.fs?.write ?? [])]);
  return tidy({
    fs: { read, write: among(asked.fs?.write, given.fs?.write) },
    net: commonHosts(asked.net ?? [], given.net ?? []),
    env: among(asked.env, given.env),
    run: among(asked.run, given.run),
    services: among(asked.services, given.services),
    ipc: asked.ipc === true && given.ipc === true,
    native: asked.native === true && given.native === true,
    secrets: (asked.secrets ?? []).flatMap((secret) => commonSecret(secret, given.secrets ?? [])),
    sensitive: among(asked.sensitive, given.sensitive),
  });
}

/** Everything of both. Pure. */
export function union(one: Permissions, other: Permissions): Permissions {
  return tidy({
    fs: { read: both(one.fs?.read, other.fs?.read), write: both(one.fs?.write, other.fs?.write) },
    net: both(one.net, other.net),
    env: both(one.env, other.env),
    run: both(one.run, other.run),
    services: both(one.services, other.services),
    ipc: one.ipc === true || other.ipc === true,
    native: one.native === true || other.native === true,
    secrets: mergeSecrets([...(one.secrets ?? []), ...(other.secrets ?? [])]),
    sensitive: both(one.sensitive, other.sensitive),
  });
}

/** What of `now` was not in `before`. Pure. */
export function widerThan(now: Permissions, before: Permissions): Permissions {
  const read = both(before.fs?.read, before.fs?.write);
  return tidy({
    fs: { read: without(now.fs?.read, read), write: without(now.fs?.write, before.fs?.write) },
    net: (now.net ?? []).filter((host) => !(before.net ?? []).some((wide) => holdsHost(wide, host))),
    env: without(now.env, before.env),
    run: without(now.run, before.run),
    services: without(now.services, before.services),
    ipc: now.ipc === true && before.ipc !== true,
    native: now.native === true && before.native !== true,
    secrets: (now.secrets ?? []).flatMap((secret) => newOfSecret(secret, before.secrets ?? [])),
    sensitive: without(now.sensitive, before.sensitive),
  });
}

export function isEmpty(permissions: Permissions): boolean {
  return Object.keys(tidy(permissions)).length === 0;
}

/** True when whoever may reach `wide` may reach `narrow`. The whole network holds no private address: that needs a grant of its own. */
function holdsHost(wide: string, narrow: string): boolean {
  if (wide === narrow) return true;
  const [all, one] = [parseRule(wide), parseRule(narrow)];
  if (all === undefined || one === undefined || (all.port !== '*' && all.port !== one.port)) return false;
  return all.host === one.host || isBelow(one, all);
}

function isBelow({ host }: NetRule, { host: pattern }: NetRule): boolean {
  if (pattern === '*') return !isAddress(host) || !isSpecialAddress(host);
  return pattern.startsWith('*.') && !isAddress(host) && host.endsWith(pattern.slice(1));
}

function commonHosts(asked: readonly string[], given: readonly string[]): string[] {
  const held = asked.filter((host) => given.some((wide) => holdsHost(wide, host)));
  const narrower = given.filter((host) => asked.some((wide) => holdsHost(wide, host)));
  // Of two spellings of one host, and of a host below a wildcard that stays, one is enough.
  return unique([...held, ...narrower.filter((host) => !held.some((kept) => holdsHost(kept, host)))]);
}

/** A name alone is wider than the same name for some hosts. */
function commonSecret(asked: Secret, given: readonly Secret[]): Secret[] {
  const same = mergeSecrets(given.filter((one) => nameOf(one) === nameOf(asked)))[0];
  if (same === undefined) return [];
  if (typeof same === 'string') return [asked];
  if (typeof asked === 'string') return [same];
  const hosts = commonHosts(asked.hosts, same.hosts);
  return hosts.length > 0 ? [{ name: asked.name, hosts }] : [];
}

function newOfSecret(now: Secret, before: readonly Secret[]): Secret[] {
  const same = mergeSecrets(before.filter((one) => nameOf(one) === nameOf(now)))[0];
  if (same === undefined) return [now];
  if (typeof same === 'string') return [];
  if (typeof now === 'string') return [now];
  const hosts = now.hosts.filter((host) => !same.hosts.some((wide) => holdsHost(wide, host)));
  return hosts.length > 0 ? [{ name: now.name, hosts }] : [];
}

function mergeSecrets(secrets: readonly Secret[]): Secret[] {
  const byName = Map.groupBy(secrets, nameOf);
  return [...byName].map(([name, same]) => {
    const hosts = same.flatMap((secret) => (typeof secret === 'string' ? [] : secret.hosts));
    return same.some((secret) => typeof secret === 'string') ? name : { name, hosts: unique(hosts) };
  });
}

function nameOf(secret: Secret): string {
  return typeof secret === 'string' ? secret : secret.name;
}

type Tidied = { [K in keyof Permissions]?: Permissions[K] | undefined };

/** The same without the keys that say nothing. */
function tidy(permissions: Tidied): Permissions {
  const { fs, ...others } = permissions;
  const says = (value: unknown): boolean => value === true || (Array.isArray(value) && value.length > 0);
  const files = Object.fromEntries(Object.entries(fs ?? {}).filter(([, paths]) => says(paths)));
  const kept = Object.fromEntries(Object.entries(others).filter(([, value]) => says(value)));
  return { ...(Object.keys(files).length > 0 ? { fs: files } : {}), ...kept };
}

function among<T>(asked: readonly T[] = [], given: readonly T[] = []): T[] {
  return unique(asked.filter((one) => given.includes(one)));
}

function without<T>(now: readonly T[] = [], before: readonly T[] = []): T[] {
  return unique(now.filter((one) => !before.includes(one)));
}

function both<T>(one: readonly T[] = [], other: readonly T[] = []): T[] {
  return unique([...one, ...other]);
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}
