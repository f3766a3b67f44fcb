import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Server as Listener, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { NetDenial, NetRule } from '../types.ts';
import { Denials } from './denials.ts';
import { dial } from './dial.ts';
import { forward, lengthDoubt } from './forward.ts';
import { authorityOf, connectTarget, httpTarget, type RequestTarget } from './request-target.ts';
import { type Lookup, resolveTarget } from './resolve-target.ts';
import { tunnel } from './tunnel.ts';

export interface ProxyOptions {
  readonly rules: readonly NetRule[];
  onDenied(denial: NetDenial): void;
  /** Resolves granted names; the system's resolver by default. */
  readonly lookup?: Lookup;
  /** Most connections of the plugin at a time. Default 64. */
  readonly maxConnections?: number;
  /** A connection on which nothing moves for so long is closed. Default 60 s. */
  readonly idleMs?: number;
  /** How long the head of a request may take, and then the connection to its host. Default 10 s. */
  readonly headMs?: number;
}

/** A connection of the plugin. */
interface Client {
  readonly headTimer: NodeJS.Timeout;
  /** Aborted when the connection has closed: everything done for it ends. */
  readonly gone: AbortController;
  isUsed: boolean;
}

type Opened = { readonly socket: Socket } | { readonly status: 403 | 502; readonly reason: string };

const MAX_HEAD_BYTES = 16_384;

/** The way out for one plugin: HTTP CONNECT, and plain HTTP in absolute form, to granted hosts; one request per connection. */
export class PluginProxy {
  readonly #options: ProxyOptions;
  readonly #maxConnections: number;
  readonly #headMs: number;
  readonly #denials: Denials;
  readonly #server: Server;
  readonly #clients = new Map<Duplex, Client>();

  constructor(options: ProxyOptions) {
    this.#options = options;
    this.#maxConnections = options.maxConnections ?? 64;
    this.#headMs = options.headMs ?? 10_000;
    this.#denials = new Denials((denial) => options.onDenied(denial));
    // The clocks of the library are off: ours also count for connections that were taken over by CONNECT.
    this.#server = createServer({ maxHeaderSize: MAX_HEAD_BYTES, requestTimeout: 0, headersTimeout: 0, insecureHTTPParser: false });
    this.#server.on('connection', (socket) => this.#admit(socket));
    this.#server.on('request', (message, reply) => void this.#request(message, reply));
    this.#server.on('connect', (message, socket, head) => void this.#connect(message, socket, head));
    this.#server.on('clientError', (_error, socket) => socket.destroy());
    this.#server.on('error', () => this.close());
  }

  /** Takes over a socket that listens already; `listener` itself gets no connection any more. */
  attach(listener: Listener): void {
    this.#server.listen(listener);
  }

  /** Ends all connections, and listens no more; idempotent. */
  close(): void {
    this.#server.close();
    for (const [socket, { gone }] of this.#clients) {
      gone.abort();
      socket.destroy();
    }
    this.#denials.flush();
  }

  #admit(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    if (this.#clients.size >= this.#maxConnections) {
      this.#denials.add({ host: '*', reason: `the plugin has ${this.#maxConnections} connections already, which is the limit` });
      socket.destroy();
      return;
    }
    // Not prolonged by a byte now and then, as an idle time would be.
    const headTimer = setTimeout(() => socket.destroy(), this.#headMs);
    const gone = new AbortController();
    this.#clients.set(socket, { headTimer, gone, isUsed: false });
    // Every byte of a tunnel passes here in one direction or the other, so one clock watches both sides.
    socket.setTimeout(this.#options.idleMs ?? 60_000, () => socket.destroy());
    socket.once('close', () => {
      clearTimeout(headTimer);
      this.#clients.delete(socket);
      gone.abort();
    });
  }

  /** What ends with this connection; undefined for a second request on it, pipelined behind the first: that goes no further. */
  #begin(socket: Duplex): AbortSignal | undefined {
    const client = this.#clients.get(socket);
    if (client === undefined || client.isUsed) {
      socket.destroy();
      return undefined;
    }
    clearTimeout(client.headTimer);
    client.isUsed = true;
    return client.gone.signal;
  }

  async #connect(message: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    const gone = this.#begin(client);
    if (gone === undefined) return;
    const target = connectTarget(message.url ?? '');
    const opened = target === undefined ? this.#malformed(message, 'CONNECT needs "host:port"') : await this.#open(target, gone);
    if ('socket' in opened) {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      tunnel(client, opened.socket, head);
      return;
    }
    const text = refusalText(opened.reason);
    client.end(
      `HTTP/1.1 ${opened.status} Refused\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
      () => client.destroy(),
    );
  }

  async #request(message: IncomingMessage, reply: ServerResponse): Promise<void> {
    const gone = this.#begin(message.socket);
    if (gone === undefined) return;
    reply.shouldKeepAlive = false;
    const target = httpTarget(message.url ?? '');
    const doubt = target === undefined ? 'a proxy needs "http://host/path"; https goes through CONNECT' : lengthDoubt(message.rawHeaders);
    const opened = target === undefined || doubt !== undefined ? this.#malformed(message, doubt ?? '') : await this.#open(target, gone);
    if (!('socket' in opened) || target === undefined) {
      refuse(reply, opened);
      return;
    }
    const outward = { socket: opened.socket, authority: authorityOf(target), path: target.path, signal: gone };
    await forward(message, reply, outward).catch(() => {
      opened.socket.destroy();
      if (reply.headersSent) message.socket.destroy();
      else refuse(reply, { status: 502, reason: 'the host broke the connection off' });
    });
  }

  async #open({ host, port }: RequestTarget, signal: AbortSignal): Promise<Opened> {
    const target = await resolveTarget(this.#options.rules, host, port, this.#options.lookup);
    if (target.status === 'denied') {
      this.#denials.add({ host, port, reason: target.reason });
      return { status: 403, reason: target.reason };
    }
    if (target.status === 'failed') return { status: 502, reason: target.reason };
    try {
      return { socket: await dial({ addresses: target.addresses, port, timeoutMs: this.#headMs, signal }) };
    } catch (error) {
      return { status: 502, reason: `connecting failed with ${(error as NodeJS.ErrnoException).code ?? 'a timeout'}` };
    }
  }

  #malformed(message: IncomingMessage, reason: string): Opened {
    this.#denials.add({ host: message.url ?? '', reason });
    return { status: 403, reason };
  }
}

function refuse(reply: ServerResponse, opened: Opened): void {
  const { status, reason } = 'socket' in opened ? { status: 502, reason: 'it cannot be served' } : opened;
  reply.writeHead(status, { 'content-type': 'text/plain' });
  // What the client still sends is not read.
  reply.end(refusalText(reason), () => reply.socket?.destroySoon());
}

function refusalText(reason: string): string {
  return `Outrigger refused this connection: ${reason}\n`;
}
