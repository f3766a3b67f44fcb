import type { NetFetchParams, NetFetchResult } from '@outrigger/schemas';

/**
 * A request the host makes for the plugin. A header may be a secret: the host fills it in and the plugin never sees it.
 *
 * @example
 * await fetch('https://api.example.com/me', { headers: { authorization: { secret: 'EXAMPLE_TOKEN', prefix: 'Bearer ' } } });
 */
export interface FetchOptions {
  /** Default `GET`. */
  method?: string;
  headers?: Record<string, string | { secret: string; prefix?: string }>;
  body?: string | Uint8Array;
  /** Default 30000. */
  timeoutMs?: number;
  /** Longest body of the response; a longer one is an error. Default and maximum: what a message may hold. */
  maxBytes?: number;
}

/** A response. Its body is here already, so nothing needs to be awaited. */
export interface FetchResponse {
  readonly status: number;
  /** Status from 200 to 299. */
  readonly ok: boolean;
  /** Address that answered, after redirects. */
  readonly url: string;
  /** Names in lower case; several fields of one name are joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  bytes(): Uint8Array;
  text(): string;
  json(): unknown;
}

/** A refused connection of the plugin's own, as its network proxy tells it. */
export interface NetDenial {
  readonly host: string;
  readonly port?: number;
  readonly reason: string;
}

export function fetchParams(url: string, { body, ...options }: FetchOptions): NetFetchParams {
  const content = typeof body === 'string' ? { body } : body === undefined ? {} : { bodyBase64: Buffer.from(body).toString('base64') };
  return { url, ...options, ...content };
}

export function fetchResponse(result: NetFetchResult): FetchResponse {
  const { status, url, headers, body, bodyBase64 } = result;
  const bytes = (): Uint8Array => (bodyBase64 === undefined ? Buffer.from(body ?? '') : Buffer.from(bodyBase64, 'base64'));
  const text = (): string => body ?? Buffer.from(bytes()).toString();
  return { status, ok: status >= 200 && status < 300, url, headers, bytes, text, json: () => JSON.parse(text()) };
}
