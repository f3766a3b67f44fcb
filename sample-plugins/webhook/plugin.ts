import { createHmac } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { definePlugin, type HandlerContext, type HookMap } from '@outrigger/sdk';

type Auth = 'none' | 'bearer' | 'api_key' | 'hmac';
type Config = {
  url: string;
  auth: Auth;
  header: string;
  templates: Record<string, string>;
  withPayload: boolean;
  retries: number;
  backoffMs: number;
};
type Context = HandlerContext<Config>;
type Headers = Record<string, string | { secret: string; prefix?: string }>;

const TOKEN = 'WEBHOOK_TOKEN';
const SIGNING_KEY = 'WEBHOOK_SIGNING_KEY';
const LONGEST_WAIT_MS = 30_000;

/** Posts the event; tries again where that may help, and says so in the log when it gives up. */
async function post(payload: object, context: Context): Promise<void> {
  const { config, log, hook } = context;
  const body = bodyOf(payload, context);
  const headers = { 'content-type': 'application/json', ...(await authOf(body, context)) };
  for (let attempt = 0; ; attempt++) {
    const failure = await attemptOf(body, headers, context);
    if (failure === undefined) return;
    if (attempt >= config.retries || !failure.mayPass) {
      log.warn('gave up on a webhook', { hook, attempts: attempt + 1, reason: failure.reason });
      return;
    }
    await delay(Math.min(config.backoffMs * 2 ** attempt, LONGEST_WAIT_MS), undefined, { signal: context.signal });
  }
}

async function attemptOf(body: string, headers: Headers, { config, fetch, signal }: Context) {
  try {
    const { ok, status } = await fetch(config.url, { method: 'POST', headers, body, timeoutMs: 10_000 });
    return ok ? undefined : { reason: `status ${status}`, mayPass: status === 408 || status === 429 || status >= 500 };
  } catch (error) {
    signal.throwIfAborted();
    const { message, code } = error as Error & { code?: string };
    return { reason: message, mayPass: code === 'SERVICE_FAILED' };
  }
}

/** `{ text }` where there is a template for the hook point, else the event itself. */
function bodyOf(payload: object, { config, hook, event, context, outcome }: Context): string {
  const told = { event, hook, time: context.time, operation: context.operation, session: context.session, outcome };
  const template = config.templates[hook];
  if (template === undefined) return JSON.stringify(config.withPayload ? { ...told, payload } : told);
  const fill = (path: string) => textOf(path.split('.').reduce(memberOf, { ...told, payload } as unknown));
  return JSON.stringify({ text: template.replace(/\{([\w.]+)\}/g, (_, path: string) => fill(path)) });
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** The host fills tokens in where the plugin never sees them; only to sign a body it has to read the key. */
async function authOf(body: string, { config, secret }: Context): Promise<Headers> {
  const makers: Record<Auth, () => Headers | Promise<Headers>> = {
    none: () => ({}),
    bearer: () => ({ authorization: { secret: TOKEN, prefix: 'Bearer ' } }),
    api_key: () => ({ [config.header]: { secret: TOKEN } }),
    hmac: async () => {
      const signature = createHmac('sha256', await secret(SIGNING_KEY))
        .update(body)
        .digest('hex');
      return { 'x-signature-256': `sha256=${signature}` };
    },
  };
  return makers[config.auth]();
}

export const plugin = definePlugin<HookMap, Config>({
  hooks: {
    'mellea.tool_pre_invoke': post,
    'mellea.tool_post_invoke': post,
    'mellea.component_post_success': post,
    'mellea.component_post_error': post,
  },
});
