import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { ATTEMPT_MS, answerWith } from './dial.ts';

export interface ExchangeOptions {
  readonly url: URL;
  readonly method: string;
  /** All but `Host`, in valid characters. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  /** Checked addresses of the URL’s host; no other is dialled. */
  readonly addresses: readonly string[];
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

export interface Exchanged {
  readonly status: number;
  /** In lower case; several of one name are joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** Empty for a redirect. */
  readonly body: Buffer;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** One HTTP request on a connection of its own, TLS checked for the URL’s name. Rejects with the network's error. */
export async function exchange(options: ExchangeOptions): Promise<Exchanged> {
  const response = await send(options);
  const headers = Object.fromEntries(Object.entries(response.headersDistinct).map(([name, all]) => [name, (all ?? []).join(', ')]));
  const status = response.statusCode ?? 0;
  try {
    return { status, headers, body: isRedirect(status, headers) ? Buffer.alloc(0) : await readBody(response, options.maxBytes) };
  } finally {
    response.destroy();
  }
}

/** True for a response that names another place to ask. Pure. */
export function isRedirect(status: number, headers: Readonly<Record<string, string>>): boolean {
  return REDIRECTS.has(status) && headers['location'] !== undefined;
}

function send({ url, method, headers, body, addresses, signal }: ExchangeOptions): Promise<IncomingMessage> {
  const length: OutgoingHttpHeaders = body === undefined ? {} : { 'content-length': body.length };
  const connection = {
    agent: false as const,
    lookup: answerWith(addresses),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: ATTEMPT_MS,
    // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
    rejectUnauthorized: true,
  };
  const options = { ...connection, method, headers: { ...headers, ...length }, signal, maxHeaderSize: 16_384, insecureHTTPParser: false };
  return new Promise((resolve, reject) => {
    const outgoing = url.protocol === 'https:' ? httpsRequest(url, options, resolve) : httpRequest(url, options, resolve);
    outgoing.on('error', reject);
    // A server that switches protocols unasked is cut off by the library, without an error.
    outgoing.once('close', () => reject(new Error('the connection closed before a response')));
    outgoing.end(body);
  });
}

async function readBody(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > maxBytes) throw new Error(`the response is longer than ${maxBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
