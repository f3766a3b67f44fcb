import { BlockList, isIPv4, isIPv6 } from 'node:net';
import type { NetRule } from '../types.ts';
import { canonicalHost, isAddress } from './host-name.ts';

/** IPv4 that is not the public internet (IANA registry of special-purpose addresses), and one address of a cloud’s metadata. */
const SPECIAL_IPV4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
];

/** Parts of 2000::/3 that are special, tunnels that hide an IPv4 address among them. Outside of 2000::/3 everything is. */
const SPECIAL_IPV6: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

const NAT64 = /^64:ff9b::([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

const ipv4 = blockList(SPECIAL_IPV4, 'ipv4');
const ipv6 = blockList(SPECIAL_IPV6, 'ipv6');
const global6 = blockList([['2000::', 3]], 'ipv6');

const DEFAULT_PORT = 443;

/** A rule out of `host`, `host:port`, `*.host`, `*`; undefined when the text is none. Port 443 by default, any for `*`. Pure. */
export function parseRule(text: string): NetRule | undefined {
  const parts = splitPort(text);
  if (parts === undefined) return undefined;
  const host = ruleHost(parts.host);
  if (host === undefined) return undefined;
  if (parts.port === undefined) return { host, port: host === '*' ? '*' : DEFAULT_PORT, text };
  const port = parts.port === '*' ? '*' : parsePort(parts.port);
  return port === undefined ? undefined : { host, port, text };
}

/** A port number out of its decimal digits; undefined when they are none. Pure. */
export function parsePort(digits: string): number | undefined {
  return /^[1-9]\d{0,4}$/.test(digits) && Number(digits) <= 65_535 ? Number(digits) : undefined;
}

/** The rule that admits a host and port, the narrowest first; undefined: refused. By name only: nothing is resolved. Pure. */
export function ruleFor(rules: readonly NetRule[], host: string, port: number): NetRule | undefined {
  const name = canonicalHost(host);
  if (name === undefined) return undefined;
  const open = rules.filter((rule) => rule.port === '*' || rule.port === port);
  const exact = open.find((rule) => rule.host === name);
  if (exact !== undefined) return exact;
  if (isAddress(name)) return isSpecialAddress(name) ? undefined : open.find((rule) => rule.host === '*');
  return open.find((rule) => rule.host.startsWith('*.') && name.endsWith(rule.host.slice(1))) ?? open.find((rule) => rule.host === '*');
}

/** True for private, loopback, link-local, metadata, multicast and otherwise special addresses; false for names. Pure. */
export function isSpecialAddress(address: string): boolean {
  if (isIPv4(address)) return ipv4.check(address, 'ipv4');
  if (!isIPv6(address)) return false;
  if (address.includes('%')) return true;
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const embedded = NAT64.exec(canonical);
  // NAT64 reaches exactly the IPv4 address within; networks with IPv6 alone have no other way to the public internet.
  if (embedded !== null) return isSpecialAddress(dotted(embedded[1] ?? '', embedded[2] ?? ''));
  return !global6.check(canonical, 'ipv6') || ipv6.check(canonical, 'ipv6');
}

function dotted(high: string, low: string): string {
  const [first, second] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [first >> 8, first & 255, second >> 8, second & 255].join('.');
}

function blockList(subnets: readonly (readonly [string, number])[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const [net, prefix] of subnets) list.addSubnet(net, prefix, family);
  return list;
}

function splitPort(text: string): { host: string; port: string | undefined } | undefined {
  // Only an IPv6 address has more than one colon, and without brackets it has no port.
  if (isIPv6(text)) return { host: text, port: undefined };
  const parts = /^(\[[^\]]*\]|[^:[\]]+)(?::([\d*]+))?$/.exec(text);
  return parts?.[1] === undefined ? undefined : { host: parts[1], port: parts[2] };
}

function ruleHost(text: string): string | undefined {
  if (text === '*') return '*';
  if (!text.startsWith('*.')) return grantable(canonicalHost(text));
  const below = canonicalHost(text.slice(2));
  // `*.com` reads like one host and is half the network: then `*` is the honest rule.
  return below === undefined || isAddress(below) || !below.includes('.') ? undefined : `*.${below}`;
}

// Nobody lives at the unspecified address: dialling it reaches the host’s own loopback, which is not what it says.
function grantable(host: string | undefined): string | undefined {
  return host === '0.0.0.0' || host === '::' ? undefined : host;
}
