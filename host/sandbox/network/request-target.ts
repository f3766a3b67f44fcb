import { isIPv6 } from 'node:net';
import { canonicalHost } from './host-name.ts';
import { parsePort } from './rules.ts';

/** Where a client asks a proxy to go; the host as it wrote it. */
export interface RequestTarget {
  readonly host: string;
  readonly port: number;
  /** Path and query; empty for a tunnel. */
  readonly path: string;
}

/** The target of `CONNECT host:port`; undefined when it is none. Pure. */
export function connectTarget(text: string): RequestTarget | undefined {
  const parts = /^(\[[^\]]+\]|[^:]+):(\d+)$/.exec(text);
  const port = parsePort(parts?.[2] ?? '');
  return parts?.[1] === undefined || port === undefined ? undefined : { host: parts[1], port, path: '' };
}

/**
 * The target of a request in absolute form, `http:` only; undefined when it is none. Split by hand, for the URL parser reads odd
 * spellings of addresses, user names and backslashes its own way. Pure.
 */
export function httpTarget(text: string): RequestTarget | undefined {
  const parts = /^http:\/\/(\[[^\]]+\]|[^:/?#@\\]+)(?::(\d+))?([/?][^#]*)?(?:#.*)?$/i.exec(text);
  const port = parts?.[2] === undefined ? 80 : parsePort(parts[2]);
  if (parts?.[1] === undefined || port === undefined) return undefined;
  const path = parts[3] ?? '/';
  return { host: parts[1], port, path: path.startsWith('/') ? path : `/${path}` };
}

/** The `Host` field for a target, in canonical spelling. Pure. */
export function authorityOf({ host, port }: Pick<RequestTarget, 'host' | 'port'>): string {
  const name = canonicalHost(host) ?? '';
  const bracketed = isIPv6(name) ? `[${name}]` : name;
  return port === 80 ? bracketed : `${bracketed}:${port}`;
}
