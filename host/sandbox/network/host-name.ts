import { isIPv4, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';

/** ASCII that has no place in a name. The converter would take some of it for other parts of an address, or leave it out. */
const FOREIGN = /[^a-zA-Z0-9._\u0080-\u{10ffff}-]/u;
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;

/**
 * A host as rules spell it: ASCII, lower case, no trailing dot, an address without brackets. Undefined when it is none, and for
 * addresses in odd spellings (`127.1`, `0x7f000001`, zone ids): programs disagree about what those mean. Pure.
 */
export function canonicalHost(text: string): string | undefined {
  if (text.startsWith('[')) return text.endsWith(']') ? canonicalIPv6(text.slice(1, -1)) : undefined;
  if (text.includes(':')) return canonicalIPv6(text);
  if (text.length > 1000 || FOREIGN.test(text)) return undefined;
  const name = toAscii(text).toLowerCase().replace(/\.$/, '');
  if (isIPv4(name)) return isAscii(text) ? name : undefined;
  const labels = name.split('.');
  const isName = name.length <= 253 && labels.every((label) => LABEL.test(label)) && !isNumeric(labels.at(-1) ?? '');
  return isName ? name : undefined;
}

/** True for a canonical host that is an address. Pure. */
export function isAddress(host: string): boolean {
  return isIPv4(host) || isIPv6(host);
}

function canonicalIPv6(text: string): string | undefined {
  if (!isIPv6(text) || text.includes('%')) return undefined;
  return new URL(`http://[${text}]/`).hostname.slice(1, -1);
}

// ASCII is left as it is: the converter also reads odd spellings of IPv4, which have to be refused.
function toAscii(text: string): string {
  return isAscii(text) ? text : domainToASCII(text);
}

function isAscii(text: string): boolean {
  return /^[\x21-\x7e]*$/.test(text);
}

/** A last label that resolvers take for a part of an IPv4 address. */
function isNumeric(label: string): boolean {
  return /^(\d+|0x[0-9a-f]*)$/.test(label);
}
