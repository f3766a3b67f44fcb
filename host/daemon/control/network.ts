import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:tls';
import { HostError } from '../../protocol/errors.ts';

/** What it takes to be reached over a network. */
export interface NetworkOptions {
  readonly host: string;
  readonly port: number;
  /** PEM files. */
  readonly certFile: string;
  readonly keyFile: string;
  /** File with the token that clients say in `hello`. */
  readonly tokenFile: string;
}

export interface Network {
  readonly server: Server;
  /** Whether this is the token; takes the same time however much of it is right. */
  readonly isToken: (said: string | undefined) => boolean;
}

export const MIN_TOKEN_CHARS = 16;
export const MAX_TOKEN_CHARS = 1000;
const HANDSHAKE_MS = 10_000;
const READABLE_BY_OTHERS = 0o077;

/** `HOST:PORT`, an IPv6 address in brackets. Undefined for anything else. */
export function parseAddress(text: string): { readonly host: string; readonly port: number } | undefined {
  const [, inBrackets, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = inBrackets ?? plain;
  const port = Number(digits);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}

/** A server that speaks TLS only. Throws CONFIG_INVALID when a file cannot be used. */
export async function openNetwork({ certFile, keyFile, tokenFile }: NetworkOptions): Promise<Network> {
  const [cert, key, token] = await Promise.all([read(certFile, 'certificate'), readPrivate(keyFile, 'key'), readToken(tokenFile)]);
  try {
    const server = createServer({ cert, key, minVersion: 'TLSv1.2', handshakeTimeout: HANDSHAKE_MS });
    return { server, isToken: (said) => said !== undefined && timingSafeEqual(digest(said), digest(token)) };
  } catch (error) {
    const message = `Cannot use certificate "${certFile}" with key "${keyFile}": ${(error as Error).message}`;
    throw new HostError('CONFIG_INVALID', message, { cause: error });
  }
}

async function readToken(file: string): Promise<string> {
  const token = (await readPrivate(file, 'token')).trim();
  if (token.length < MIN_TOKEN_CHARS || token.length > MAX_TOKEN_CHARS)
    throw new HostError(
      'CONFIG_INVALID',
      `Cannot use the token in "${file}": it has ${token.length} characters; write ${MIN_TOKEN_CHARS} to ${MAX_TOKEN_CHARS}`,
    );
  return token;
}

async function readPrivate(file: string, what: string): Promise<string> {
  const stats = await stat(file).catch(() => undefined);
  if (stats !== undefined && (stats.mode & READABLE_BY_OTHERS) !== 0)
    throw new HostError('CONFIG_INVALID', `Cannot use the ${what} in "${file}": others may read it; run chmod 600 "${file}"`);
  return read(file, what);
}

async function read(file: string, what: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new HostError('CONFIG_INVALID', `Cannot read the ${what}: ${(error as Error).message}`, { cause: error });
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
