import type { NetFetchParams } from '@outrigger/schemas';
import { HostError } from '../protocol/errors.ts';
import { isRedirect } from '../sandbox/network/exchange.ts';
import { canonicalHost } from '../sandbox/network/host-name.ts';

/** A field whose value the host fills in. */
export interface SecretField {
  readonly secret: string;
  readonly prefix?: string;
}

/** One request of a fetch: the first, or one after a redirect. */
export interface FetchRequest {
  readonly url: URL;
  readonly method: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | SecretField>>;
  readonly body: Buffer | undefined;
}

const METHODS_REFUSED = ['CONNECT', 'TRACE', 'TRACK'];
/** Fields that say where a message ends or how the connection is used: the host's own. */
const FIELDS_REFUSED =
  /^(host|content-length|transfer-encoding|connection|keep-alive|te|trailer|upgrade|expect|accept-encoding|http2-settings|proxy-.*)$/;
/** Fields that belong to one origin, whoever wrote them. */
const FIELDS_OF_ORIGIN = ['authorization', 'cookie'];
const FIELDS_OF_PIECES = ['range', 'if-range'];
const FIELDS_OF_BODY = ['content-type', 'content-encoding', 'content-language', 'content-location'];

/** The request a plugin asks for. Throws PARAMS_INVALID. Pure. */
export function fetchRequest(params: NetFetchParams): FetchRequest {
  const url = parseUrl(params.url);
  if (url === undefined) throw invalid(`"url" is no plain http: or https: address without user name`);
  const method = (params.method ?? 'GET').toUpperCase();
  if (METHODS_REFUSED.includes(method)) throw invalid(`"method" ${method} is not for requests of plugins`);
  const headers = fields(params.headers ?? {});
  refusePieces(headers);
  return { url, method, headers, body: bodyOf(params) };
}

/** Where a response sends us: undefined when nowhere, a reason when we do not go. Pure. */
export function redirected(
  from: FetchRequest,
  status: number,
  headers: Readonly<Record<string, string>>,
): FetchRequest | { readonly refusal: string } | undefined {
  if (!isRedirect(status, headers)) return undefined;
  const url = parseUrl(headers['location'] ?? '', from.url);
  if (url === undefined) return { refusal: 'it redirects to what is no plain http: or https: address' };
  if (from.url.protocol === 'https:' && url.protocol !== 'https:') return { refusal: 'it redirects from https: to http:' };
  const isNewOrigin = url.origin !== from.url.origin;
  const kept = Object.entries(from.headers).filter(
    ([name, value]) => !isNewOrigin || !(isSecret(value) || FIELDS_OF_ORIGIN.includes(name)),
  );
  const isTurnedToGet = status === 303 ? from.method !== 'HEAD' : status < 303 && from.method === 'POST';
  if (!isTurnedToGet) return { ...from, url, headers: Object.fromEntries(kept) };
  const bodiless = kept.filter(([name]) => !FIELDS_OF_BODY.includes(name));
  return { url, method: 'GET', headers: Object.fromEntries(bodiless), body: undefined };
}

/** True for what can be sent as the value of a field: no line breaks, no control characters. Pure. */
export function isFieldValue(value: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}

function isSecret(value: string | SecretField): value is SecretField {
  return typeof value !== 'string';
}

// The URL parser forgives a lot; where it reads a host other than the one written, two readers disagree, and we refuse.
function parseUrl(text: string, base?: URL): URL | undefined {
  const url = URL.parse(text, base?.href);
  if (url === null || /[\p{Cc}\\]|^\s/u.test(text) || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    return undefined;
  const written = /^(?:https?:)?\/\/(\[[^\]]*\]|[^/?#:@]*)(?::\d*)?(?=[/?#]|$)/i.exec(text)?.[1];
  const isRelative = base !== undefined && !/^([a-z][a-z0-9+.-]*:|\/\/)/i.test(text);
  const isAsWritten = written !== undefined && canonicalHost(written) === canonicalHost(url.hostname);
  url.hash = '';
  if (url.hostname.endsWith('.')) url.hostname = url.hostname.slice(0, -1);
  return isRelative || (isAsWritten && canonicalHost(url.hostname) !== undefined) ? url : undefined;
}

function fields(given: NonNullable<NetFetchParams['headers']>): FetchRequest['headers'] {
  const found = new Map<string, string | SecretField>();
  for (const [name, value] of Object.entries(given)) {
    const key = name.toLowerCase();
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]{1,256}$/.test(key)) throw invalid('a name in "headers" has characters that no field name has');
    if (FIELDS_REFUSED.test(key)) throw invalid(`"headers" has "${key}", which the host sets itself`);
    if (found.has(key)) throw invalid(`"headers" has "${key}" twice`);
    if (!isFieldValue(typeof value === 'string' ? value : (value.prefix ?? '')))
      throw invalid(`"headers" has control characters in "${key}"`);
    found.set(key, value);
  }
  return Object.fromEntries(found);
}

/** Of a host that gives the secret back the plugin could ask for a few bytes at a time, and no piece would be recognised. */
function refusePieces(headers: FetchRequest['headers']): void {
  const piece = Object.keys(headers).find((name) => FIELDS_OF_PIECES.includes(name));
  if (piece === undefined || !Object.values(headers).some(isSecret)) return;
  throw invalid(`"headers" has "${piece}" beside a secret; fetch the whole, or send no secret`);
}

function bodyOf({ body, bodyBase64 }: NetFetchParams): Buffer | undefined {
  if (body !== undefined && bodyBase64 !== undefined) throw invalid('"body" and "bodyBase64" exclude each other');
  if (bodyBase64 === undefined) return body === undefined ? undefined : Buffer.from(body, 'utf8');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(bodyBase64) || bodyBase64.length % 4 !== 0) throw invalid('"bodyBase64" is no base64');
  return Buffer.from(bodyBase64, 'base64');
}

function invalid(why: string): HostError {
  return new HostError('PARAMS_INVALID', `Cannot call "net/fetch": ${why}`);
}
