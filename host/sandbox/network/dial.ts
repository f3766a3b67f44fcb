import { connect, isIPv6, type LookupFunction, type Socket } from 'node:net';

export interface DialOptions {
  readonly addresses: readonly string[];
  readonly port: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What one address may take while others are left. */
export const ATTEMPT_MS = 3000;

/** Connects to the first of these addresses that answers, in their order. Rejects with the network's error. */
export function dial({ addresses, port, timeoutMs, signal }: DialOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: 'checked.invalid',
      port,
      lookup: answerWith(addresses),
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: ATTEMPT_MS,
      allowHalfOpen: true,
      noDelay: true,
      signal,
    });
    const late = setTimeout(() => socket.destroy(new Error('connecting took too long')), timeoutMs);
    const settle = (): void => {
      clearTimeout(late);
      socket.off('error', fail);
    };
    const fail = (error: Error): void => {
      settle();
      reject(error);
    };
    socket.once('error', fail);
    socket.once('connect', () => {
      settle();
      // Until its new owner listens: an error ends it, and is no reason to end the host.
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}

/** A lookup that resolves nothing: the addresses are these, and were checked. */
export function answerWith(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  return (_name, options, done) => {
    if (options.all === true) done(null, all);
    else done(null, all[0]?.address ?? '', all[0]?.family);
  };
}
