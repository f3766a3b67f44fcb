import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export interface Door {
  readonly port: number;
  readonly token: string;
}

/** Names a browser on this machine can have for us; any other is a page elsewhere whose name was made to point here. */
const OWN_NAMES = ['127.0.0.1', 'localhost', '[::1]'];

/** Cookies know no ports: each daemon has one of its own. */
export function cookieName({ port }: Door): string {
  return `outrigger-${port}`;
}

/** Whether the request names us in `Host`. */
export function isForUs({ headers }: IncomingMessage, { port }: Door): boolean {
  return OWN_NAMES.some((name) => headers.host === `${name}:${port}`);
}

/** Whether it carries the token: in the cookie, or as a bearer. Takes the same time however much of it is right. */
export function isLetIn({ headers }: IncomingMessage, door: Door): boolean {
  const cookies = (headers.cookie ?? '').split(/;\s*/).map((cookie) => cookie.split('='));
  const [, fromCookie] = cookies.find(([name]) => name === cookieName(door)) ?? [];
  const [, bearer] = /^Bearer (\S+)$/.exec(headers.authorization ?? '') ?? [];
  return isToken(bearer ?? fromCookie, door);
}

export function isToken(said: string | null | undefined, { token }: Door): boolean {
  return typeof said === 'string' && timingSafeEqual(digest(said), digest(token));
}

/** Whether our own page sent it, or no page at all: what another site asks for is its own business, whatever cookie comes along. */
export function isFromOurPage({ headers }: IncomingMessage): boolean {
  const { origin, host } = headers;
  const site = headers['sec-fetch-site'];
  return (origin === undefined || origin === `http://${host}`) && (site === undefined || site === 'same-origin' || site === 'none');
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
