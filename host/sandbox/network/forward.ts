import { type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders, request, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';

/** Fields about one connection and not about the message (RFC 9110, 7.6.1), and those the proxy answers itself. */
const HOP_BY_HOP = [
  'connection',
  'expect',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

export interface Outward {
  /** A connection to the checked address. */
  readonly socket: Socket;
  /** For the `Host` field, whatever the client wrote into its own. */
  readonly authority: string;
  readonly path: string;
  readonly signal: AbortSignal;
}

/** Sends one plain HTTP request on, and its response back. Rejects when either connection breaks. */
export async function forward(message: IncomingMessage, reply: ServerResponse, outward: Outward): Promise<void> {
  const response = await send(message, outward);
  reply.writeHead(response.statusCode ?? 502, endToEnd(response.headers));
  await pipeline(response, reply);
}

function send(message: IncomingMessage, { socket, authority, path, signal }: Outward): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // A body of unknown length keeps its framing: without it, it would look like a second request.
    const framing = message.headers['transfer-encoding'] === undefined ? {} : { 'transfer-encoding': 'chunked' };
    const headers = { ...endToEnd(message.headers), ...framing, host: authority, connection: 'close' };
    const outgoing = request({ createConnection: () => socket, method: message.method, path, headers, setHost: false, signal }, resolve);
    outgoing.once('error', reject);
    // A server that switches protocols unasked is cut off by the library, without an error.
    outgoing.once('close', () => reject(new Error('closed without a response')));
    // A server that refuses early closes before it has read the whole body; the answer to the client decides then.
    pipeline(message, outgoing).catch(reject);
  });
}

/** Why a message's length is not beyond doubt, as two parsers in a row may see two different requests. Pure. */
export function lengthDoubt(rawHeaders: readonly string[]): string | undefined {
  const values = (name: string): string[] =>
    rawHeaders.filter((_, place) => place % 2 === 1 && rawHeaders[place - 1]?.toLowerCase() === name);
  const lengths = values('content-length');
  const codings = values('transfer-encoding');
  if (lengths.length + codings.length > 1) return 'it states its length more than once';
  if (lengths.some((length) => !/^\d{1,15}$/.test(length))) return 'its Content-Length is no plain number';
  if (codings.some((coding) => coding.toLowerCase() !== 'chunked')) return 'its Transfer-Encoding is not "chunked"';
  return undefined;
}

/** The fields that go on, without those that `Connection` names. Pure. */
function endToEnd(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const named = (headers.connection ?? '').toLowerCase().split(',');
  const dropped = new Set([...HOP_BY_HOP, ...named.map((name) => name.trim())]);
  return Object.fromEntries(Object.entries(headers).filter(([name, value]) => !dropped.has(name) && value !== undefined));
}
