import { didYouMean } from '../protocol/did-you-mean.ts';
import { pathOf } from './match.ts';
import type { LoadedHook, Subscription } from './types.ts';

/** A filter on a field that the payload can never have would silence the plugin for ever; undefined when there is none. */
export function deadMatch(hook: LoadedHook, { match }: Subscription): string | undefined {
  const payload = hook.rules.payload;
  if (typeof payload !== 'object' || payload['additionalProperties'] !== false) return undefined;
  const fields = Object.keys((payload['properties'] as object | undefined) ?? {});
  const wanted = (match ?? []).flatMap((rule) => Object.keys(rule)).map(topLevel);
  const dead = wanted.find((field) => !fields.includes(field));
  if (dead === undefined) return undefined;
  return `"${hook.name}" never has a field "${dead}" to match${didYouMean(dead, fields) || `; it has ${fields.map((field) => `"${field}"`).join(', ')}`}`;
}

/** `/error/code` looks into the field `error`. */
function topLevel(field: string): string {
  const [first = ''] = pathOf(field);
  return first;
}
