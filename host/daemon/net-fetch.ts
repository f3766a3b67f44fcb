import { isUtf8 } from 'node:buffer';
import type { NetFetchParams, NetFetchResult } from '@outrigger/schemas';
import { plainText } from '../process/plain-text.ts';
import { HostError } from '../protocol/errors.ts';
import { type Exchanged, exchange } from '../sandbox/network/exchange.ts';
import { canonicalHost } from '../sandbox/network/host-name.ts';
import { type Lookup, resolveTarget } from '../sandbox/network/resolve-target.ts';
import type { NetDenial, NetRule } from '../sandbox/types.ts';
import { FetchRedaction, SHORTEST_SECRET } from './fetch-redaction.ts';
import { type FetchRequest, fetchRequest, isFieldValue, redirected } from './fetch-request.ts';

export interface NetFetchDeps {
  readonly plugin: string;
  readonly rules: readonly NetRule[];
  /** A secret's value for one host; rejects when the plugin may not send it there. */
  secret(name: string, host: string, port: number): Promise<string>;
  /** Longest body of a response, in bytes. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** Resolves granted names; the system's resolver by default. */
  readonly lookup?: Lookup;
  onDenied(denial: NetDenial): void;
}

/** What one fetch shares among its requests. */
interface Fetch {
  readonly deps: NetFetchDeps;
  readonly redaction: FetchRedaction;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const MAX_REDIRECTS = 5;

/**
 * One HTTP request of the host for a plugin, redirects included, each to a granted host. Rejects with PARAMS_INVALID, PERMISSION_DENIED,
 * SERVICE_FAILED, or what `secret` rejects with; no secret is in any of them.
 */
export async function netFetch(params: NetFetchParams, deps: NetFetchDeps): Promise<NetFetchResult> {
  const request = fetchRequest(params);
  const timeoutMs = params.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error(`it took longer than ${timeoutMs} ms`)), timeoutMs);
  const cancel = (): void => late.abort(new Error('it was cancelled'));
  deps.signal.addEventListener('abort', cancel);
  if (deps.signal.aborted) cancel();
  const maxBytes = Math.min(params.maxBytes ?? deps.maxBytes, deps.maxBytes);
  const redaction = new FetchRedaction();
  try {
    return await follow(request, { deps, redaction, maxBytes, signal: late.signal });
  } catch (error) {
    if (error instanceof HostError) throw unspoken(error, redaction);
    // Without its cause: errors of the network may quote what was sent.
    const cause = late.signal.aborted ? late.signal.reason : error;
    throw failed(request, redaction.text(reasonOf(cause)));
  } finally {
    clearTimeout(timer);
    deps.signal.removeEventListener('abort', cancel);
  }
}

async function follow(first: FetchRequest, fetch: Fetch): Promise<NetFetchResult> {
  let request = first;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await ask(request, fetch);
    const next = redirected(request, response.status, response.headers);
    if (next === undefined) return result(request, response, fetch);
    if ('refusal' in next) throw failed(request, next.refusal);
    request = next;
  }
  throw failed(first, `more than ${MAX_REDIRECTS} redirects`);
}

async function ask(request: FetchRequest, fetch: Fetch): Promise<Exchanged> {
  const { deps, signal, maxBytes } = fetch;
  const { url, method, body } = request;
  const [host, port] = placeOf(url);
  const target = await orAborted(resolveTarget(deps.rules, host, port, deps.lookup), signal);
  if (target.status === 'denied') {
    deps.onDenied({ host: fetch.redaction.text(host).slice(0, 256), port, reason: target.reason });
    throw new HostError('PERMISSION_DENIED', `Cannot fetch "${host}" on port ${port}: ${target.reason}`);
  }
  if (target.status === 'failed') throw failed(request, target.reason);
  // Bodies come as they are: compressed ones could not be searched for secrets.
  const headers = { ...(await filled(request, fetch)), 'accept-encoding': 'identity' };
  return exchange({ url, method, body, headers, addresses: target.addresses, maxBytes, signal });
}

/** The fields with their secrets. */
async function filled({ url, headers }: FetchRequest, fetch: Fetch): Promise<Record<string, string>> {
  const done: [string, string][] = [];
  for (const [name, value] of Object.entries(headers)) {
    done.push([name, typeof value === 'string' ? value : (value.prefix ?? '') + (await secretFor(url, value.secret, fetch))]);
  }
  return Object.fromEntries(done);
}

async function secretFor(url: URL, name: string, { deps, redaction, signal }: Fetch): Promise<string> {
  const [host, port] = placeOf(url);
  if (url.protocol !== 'https:' && !isLoopback(host)) {
    const why = 'anybody on the way could read it; use https';
    throw new HostError('PERMISSION_DENIED', `Cannot send secret "${name}" to "${host}" over http: ${why}`);
  }
  const read = deps.secret(name, host, port).catch((error: unknown) => {
    if (error instanceof HostError) throw error;
    throw new HostError('SERVICE_FAILED', `Cannot send secret "${name}" to "${host}": it cannot be read`);
  });
  const text = await orAborted(read, signal);
  if (text.length < SHORTEST_SECRET) {
    const why = `it has fewer than ${SHORTEST_SECRET} characters, and could be found out by trying; store a longer one`;
    throw new HostError('PARAMS_INVALID', `Cannot send secret "${name}" to "${host}": ${why}`);
  }
  redaction.add(name, text);
  if (isFieldValue(text)) return text;
  const why = 'it has line breaks or other characters that no header field may have';
  throw new HostError('PARAMS_INVALID', `Cannot send secret "${name}" to "${host}": ${why}`);
}

function result({ url }: FetchRequest, response: Exchanged, { redaction, maxBytes }: Fetch): NetFetchResult {
  const headers = Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [
      redaction.text(name),
      redaction.bytes(Buffer.from(value, 'latin1')).toString('latin1'),
    ]),
  );
  const body = redaction.bytes(response.body);
  if (body.length > maxBytes) throw new Error(`the response is longer than ${maxBytes} bytes`);
  const fields = { status: response.status, url: redaction.text(url.href), headers };
  return isUtf8(body) ? { ...fields, body: body.toString('utf8') } : { ...fields, bodyBase64: body.toString('base64') };
}

function placeOf(url: URL): [host: string, port: number] {
  return [canonicalHost(url.hostname) ?? url.hostname, Number(url.port || (url.protocol === 'https:' ? 443 : 80))];
}

function isLoopback(host: string): boolean {
  return host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** For work that cannot be cut short: its result is no longer waited for. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return plainText(message || code || 'the connection failed', 300).replace(/\s+/g, ' ');
}

/** A host that redirects may have put the secret into the name it redirects to. */
function unspoken(error: HostError, redaction: FetchRedaction): HostError {
  const text = redaction.text(error.message);
  return text === error.message ? error : new HostError(error.code, text);
}

function failed({ url }: FetchRequest, why: string): HostError {
  const [host, port] = placeOf(url);
  return new HostError('SERVICE_FAILED', `Cannot fetch "${host}" on port ${port}: ${why}`);
}
