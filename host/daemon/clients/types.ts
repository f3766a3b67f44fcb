import type { Readable, Writable } from 'node:stream';
import type { HelloParams } from '@outrigger/schemas';
import type { Logger } from '../../protocol/types.ts';
import type { Control } from '../control/types.ts';
import type { Host } from '../types.ts';

/** A host whose hook points are known only when it runs. */
export type AnyHost = Host<Record<string, { payload: object; replace: unknown }>>;

export interface ClientOptions {
  readonly input: Readable;
  readonly output: Writable;
  /** The host that serves this client. What it rejects with is the answer to `hello`, and the connection ends. */
  readonly hostFor: (hello: HelloParams) => AnyHost | Promise<AnyHost>;
  readonly log: Logger;
  /** The daemon, for a client of one. */
  readonly control?: Control;
  /** Where a client on a network is; default: it came through the Unix socket. */
  readonly address?: string;
  /** Bound of one message in bytes, both ways. Default 10 MiB. */
  readonly maxMessageBytes?: number;
}

/** Most requests of one client in flight; more are answered with SERVICE_BUSY. */
export const MAX_REQUESTS = 1024;
/** Most sessions one client has open. */
export const MAX_SESSIONS = 1000;
