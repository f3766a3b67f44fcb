import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type HelloParams, catalogs as shipped } from '@outrigger/schemas';
import { wireError } from '../../process/services.ts';
import { HostError } from '../../protocol/errors.ts';
import type { Logger } from '../../protocol/types.ts';
import { ClientConnection } from '../clients/client-connection.ts';
import type { AnyHost } from '../clients/types.ts';
import { type Control, HELLO_MS, MAX_CLIENTS, MAX_STRANGERS } from './types.ts';

export interface ClientsOptions {
  readonly host: AnyHost;
  readonly control: Control;
  readonly log: Logger;
  /** Default `MAX_CLIENTS`. */
  readonly maxClients?: number;
  /** Default `MAX_STRANGERS`. */
  readonly maxStrangers?: number;
  /** Default `HELLO_MS`. */
  readonly helloMs?: number;
}

/** Whether a token is right; undefined where none is asked for. */
export type IsToken = ((said: string | undefined) => boolean) | undefined;

/** How long a client that is let go may take to read its last answers, in milliseconds. */
const LINGER_MS = 1000;

/** All clients of a daemon: each is a connection of its own, and there are only so many. */
export class Clients {
  readonly #options: ClientsOptions;
  readonly #open: Map<Duplex, ClientConnection> = new Map();
  readonly #strangers: Set<Duplex> = new Set();

  constructor(options: ClientsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#open.size;
  }

  /** Serves one client until it leaves, or tells it why not. */
  accept(stream: Duplex, isToken: IsToken): void {
    const refusal = this.#refusal(isToken !== undefined);
    if (refusal === undefined) this.#serve(stream, isToken);
    else turnAway(stream, refusal);
  }

  /** Ends every connection and all that belongs to it. */
  async close(): Promise<void> {
    const streams = [...this.#open.keys()];
    const gone = streams.map((stream) => new Promise((resolve) => (stream.closed ? resolve(true) : stream.once('close', resolve))));
    for (const client of this.#open.values()) client.close();
    await Promise.all(gone);
  }

  #serve(stream: Duplex, isToken: IsToken): void {
    const { control, log, helloMs = HELLO_MS } = this.#options;
    if (isToken !== undefined) this.#strangers.add(stream);
    const silent = new HostError('REQUEST_INVALID', `Cannot serve the client: it said no "hello" within ${helloMs} ms`);
    const late = setTimeout(() => turnAway(stream, silent), helloMs);
    const client = new ClientConnection({
      input: stream,
      output: stream,
      log,
      control,
      ...(isToken === undefined ? {} : { address: addressOf(stream) }),
      hostFor: (hello) => {
        const host = this.#hostFor(hello, isToken);
        clearTimeout(late);
        this.#strangers.delete(stream);
        return host;
      },
    });
    this.#open.set(stream, client);
    stream.once('close', () => {
      clearTimeout(late);
      this.#strangers.delete(stream);
      this.#open.delete(stream);
      client.close();
    });
    void client.closed.then(() => letGo(stream));
  }

  #refusal(isStranger: boolean): HostError | undefined {
    const { maxClients = MAX_CLIENTS, maxStrangers = MAX_STRANGERS } = this.#options;
    if (this.#open.size >= maxClients)
      return new HostError('SERVICE_BUSY', `Cannot serve the client: ${maxClients} clients are connected; close one first`);
    if (isStranger && this.#strangers.size >= maxStrangers)
      return new HostError('SERVICE_BUSY', `Cannot serve the client: ${maxStrangers} clients have not said their token; try again`);
    return undefined;
  }

  #hostFor({ token, catalogs }: HelloParams, isToken: IsToken): AnyHost {
    if (isToken !== undefined && !isToken(token))
      throw new HostError('PERMISSION_DENIED', 'Cannot serve the client: its token is not the one of this daemon');
    this.#options.control.enter('hello')();
    const { host } = this.#options;
    const known = new Set(host.hooks().map(({ name }) => name));
    const unknown = (catalogs ?? []).flatMap(hookNames).find((name) => !known.has(name));
    if (unknown === undefined) return host;
    const right = 'a daemon serves the catalogs of its config; name the folder of this one under "catalogs" there';
    throw new HostError(
      'CATALOG_INVALID',
      `Cannot use the catalog of the client: hook point "${unknown.slice(0, 200)}" is unknown; ${right}`,
    );
  }
}

/** Full names of the hook points of a catalog, as far as it is one; of a shipped one by its name. */
function hookNames(given: Readonly<Record<string, unknown>> | string): string[] {
  const catalog = typeof given === 'string' ? shipped[given] : given;
  if (catalog === undefined) return [`${given}.…`];
  const { name, hooks } = catalog;
  return typeof hooks === 'object' && hooks !== null
    ? Object.keys(hooks).map((hook) => `${typeof name === 'string' ? name : JSON.stringify(name)}.${hook}`)
    : [];
}

function turnAway(stream: Duplex, refusal: HostError): void {
  stream.on('error', () => {});
  stream.resume();
  stream.end(`${JSON.stringify({ jsonrpc: '2.0', id: null, error: wireError(refusal) })}\n`);
  letGo(stream);
}

/** The last answers are on their way; one who does not read them is not waited for. */
function letGo(stream: Duplex): void {
  // What is still sent is read and dropped: an end of the connection in the middle would take our last answers with it.
  stream.removeAllListeners('data');
  stream.resume();
  const late = setTimeout(() => stream.destroy(), LINGER_MS);
  stream.once('close', () => clearTimeout(late));
}

function addressOf(stream: Duplex): string {
  const { remoteAddress, remotePort } = stream as Partial<Pick<Socket, 'remoteAddress' | 'remotePort'>>;
  return remoteAddress === undefined ? 'unknown' : `${remoteAddress}:${remotePort}`;
}
