import { createHash } from 'node:crypto';
import { definePlugin, type HookMap, replace } from '@outrigger/sdk';

type Config = { commands: string[]; ttlSeconds: number; maxEntries: number; keyFields: string[] };
interface Entry {
  readonly result: unknown;
  readonly expires: number;
}

/** Oldest first: an entry that is used moves to the end. */
const cache = new Map<string, Entry>();

export const plugin = definePlugin<HookMap, Config>({
  hooks: {
    'coma.run_hook': (payload, { config }) => {
      if (!config.commands.includes(payload.name)) return;
      const key = keyOf(payload, config.keyFields);
      const entry = cache.get(key);
      cache.delete(key);
      if (entry === undefined || entry.expires <= performance.now()) return { state: { key }, metadata: { cache: 'miss' } };
      cache.set(key, entry);
      return replace({ result: entry.result }, { metadata: { cache: 'hit' } });
    },
    // What is kept is the result as every other plugin left it.
    'coma.post_run_hook': ({ result = null }, { config, state }) => {
      const key = (state as { key?: string } | undefined)?.key;
      if (key === undefined) return;
      cache.delete(key);
      cache.set(key, { result, expires: performance.now() + config.ttlSeconds * 1000 });
      for (const oldest of [...cache.keys()].slice(0, -config.maxEntries)) cache.delete(oldest);
    },
  },
});

/** The same for payloads that agree in these fields, whatever the order of their members; short, for it is kept as state. */
function keyOf(payload: object, fields: readonly string[]): string {
  const parts = fields.map((field) => field.split('.').reduce<unknown>(memberOf, payload));
  const text = JSON.stringify(parts, (_, value: unknown) => (isObject(value) ? sorted(value) : value));
  return createHash('sha256').update(text).digest('base64');
}

function sorted(value: Record<string, unknown>): object {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function memberOf(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
