import { pathOf } from './match.ts';
import type { Marks } from './sensitive-marks.ts';
import type { LoadedHook, Sensitivity, Subscription } from './types.ts';

/**
 * A filter on a field that the plugin may not see would tell it the field's value, one guess at a time: whoever wrote
 * it, it breaks the subscription. Undefined when there is none.
 */
export function blindMatch(hook: LoadedHook, { match, sees }: Subscription): string | undefined {
  const marks = hook.sensitive?.payload;
  if (marks === undefined || match === undefined) return undefined;
  for (const field of match.flatMap((rule) => Object.keys(rule))) {
    const kind = kindsAt(marks, field).find((one) => !sees.includes(one));
    if (kind === undefined) continue;
    return `"match" looks at "${field}" of "${hook.name}", which is marked "${kind}": that needs the permission "sensitive: [${kind}]"`;
  }
  return undefined;
}

/** What a filter can find out: everything on the way, the field, and its items when it is a list. */
function kindsAt(marks: Marks, field: string): Sensitivity[] {
  const tokens = pathOf(field);
  const kinds: Sensitivity[] = [];
  let at: Marks | undefined = marks;
  for (const token of tokens) {
    at = at?.step(token);
    kinds.push(...(at?.kinds ?? []));
  }
  return [...kinds, ...(at?.items?.kinds ?? [])];
}
