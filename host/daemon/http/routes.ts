import type { IncomingMessage, ServerResponse } from 'node:http';
import { HostError } from '../../protocol/errors.ts';
import { cookieName, type Door, isForUs, isFromOurPage, isLetIn, isToken } from './guard.ts';
import { pageFiles } from './page-files.ts';
import { MAX_BODY_BYTES } from './types.ts';

/** What the routes answer from. */
export interface Site {
  readonly door: Door;
  readonly isReady: () => boolean;
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>;
  readonly trace: (event: string) => unknown;
  /** Takes the response over; false: there are too many pages. */
  readonly live: (response: ServerResponse) => boolean;
  readonly act: (action: string, plugin: string) => Promise<string>;
}

interface Exchange {
  readonly site: Site;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
}

interface Route {
  readonly method: 'GET' | 'POST';
  readonly answer: (exchange: Exchange) => void | Promise<void>;
  /** Needs no token: numbers and names, no payload and no log. */
  readonly isOpen?: true;
}

const ROUTES: Readonly<Record<string, Route>> = {
  '/': { method: 'GET', answer: showPage, isOpen: true },
  '/page.js': { method: 'GET', answer: ({ response }) => sendFile(response, 'page.js'), isOpen: true },
  '/page.css': { method: 'GET', answer: ({ response }) => sendFile(response, 'page.css'), isOpen: true },
  '/healthz': { method: 'GET', answer: ({ response }) => text(response, 200, 'ok'), isOpen: true },
  '/readyz': { method: 'GET', answer: sayReady, isOpen: true },
  '/metrics': { method: 'GET', answer: sendMetrics, isOpen: true },
  '/api/live': { method: 'GET', answer: goLive },
  '/api/trace': { method: 'GET', answer: sendTrace },
  '/api/plugins': { method: 'POST', answer: act },
};

/** Nothing from elsewhere, nothing inline, in nobody's frame. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};

const NO_TOKEN = 'Cannot show this without the token of the daemon: open the link that "outrigger dashboard" prints';

/** Answers one request. Never rejects. */
export async function answerRequest(site: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  const url = URL.parse(request.url ?? '/', `http://127.0.0.1:${site.door.port}`);
  const route = url !== null && Object.hasOwn(ROUTES, url.pathname) ? ROUTES[url.pathname] : undefined;
  const refusal = refusalOf(request, site.door, route);
  if (refusal !== undefined || url === null || route === undefined) return text(response, ...(refusal ?? NOT_FOUND));
  try {
    await route.answer({ site, request, response, url });
  } catch (error) {
    if (!response.headersSent) text(response, error instanceof HostError ? 409 : 500, (error as Error).message);
    else response.destroy();
  }
}

type Refusal = readonly [status: number, why: string];

const NOT_FOUND: Refusal = [404, 'Cannot answer: there is no such page'];

function refusalOf(request: IncomingMessage, door: Door, route: Route | undefined): Refusal | undefined {
  if (!isForUs(request, door)) return [421, 'Cannot answer: the request names another host'];
  if (route === undefined) return NOT_FOUND;
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  if (method !== route.method) return [405, `Cannot answer: ask with ${route.method}`];
  if (!route.isOpen && !isLetIn(request, door)) return [401, NO_TOKEN];
  if (!route.isOpen && !isFromOurPage(request)) return [403, 'Cannot answer: another site asks for it'];
  return undefined;
}

/** The token in the link becomes a cookie; the page takes it out of the address. */
async function showPage({ site, request, response, url }: Exchange): Promise<void> {
  const said = url.searchParams.get('token');
  if (said === null ? !isLetIn(request, site.door) : !isToken(said, site.door)) return text(response, 401, NO_TOKEN);
  if (said !== null) response.setHeader('set-cookie', `${cookieName(site.door)}=${said}; HttpOnly; SameSite=Strict; Path=/`);
  await sendFile(response, 'index.html');
}

async function sendFile(response: ServerResponse, name: string): Promise<void> {
  const file = (await pageFiles()).get(name);
  response.writeHead(200, { 'content-type': file?.type ?? 'text/plain' }).end(file?.body);
}

function sayReady({ site, response }: Exchange): void {
  if (site.isReady()) text(response, 200, 'ready');
  else text(response, 503, 'not serving');
}

async function sendMetrics({ site, response }: Exchange): Promise<void> {
  const metrics = await site.metrics();
  response.writeHead(200, { 'content-type': metrics.type }).end(metrics.text);
}

function goLive({ site, request, response }: Exchange): void {
  response.setHeader('content-type', 'text/event-stream');
  if (request.method === 'HEAD') response.end();
  else if (!site.live(response)) text(response, 503, 'Cannot show another page: too many are open; close one');
}

function sendTrace({ site, response, url }: Exchange): void {
  const event = url.searchParams.get('event') ?? '';
  const trace = site.trace(event);
  if (trace === undefined) text(response, 404, `Cannot show event "${event.slice(0, 100)}": it is not among the latest`);
  else json(response, 200, trace);
}

async function act({ site, request, response }: Exchange): Promise<void> {
  const { action, plugin } = await bodyOf(request);
  if (typeof action !== 'string' || typeof plugin !== 'string') {
    throw new HostError('PARAMS_INVALID', 'Cannot do this: the body names no plugin and action as texts: use restart, enable or disable');
  }
  json(response, 200, { message: await site.act(action, plugin) });
}

/** Rejects with PARAMS_INVALID. */
async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const wrong = (why: string): HostError => new HostError('PARAMS_INVALID', `Cannot do this: the body ${why}`);
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) {
    body += chunk;
    if (body.length > MAX_BODY_BYTES) throw wrong(`is larger than ${MAX_BODY_BYTES} bytes`);
  }
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below, like every other body that is no object.
  }
  throw wrong('is no JSON object');
}

function text(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${body}\n`);
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
