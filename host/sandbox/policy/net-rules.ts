import { plainText } from '../../process/plain-text.ts';
import { isSpecialAddress, parseRule } from '../network/rules.ts';
import type { NetRule } from '../types.ts';

/** The rules of granted texts, under the operator's cap; texts that are no rule, or that the cap leaves nothing of, are refusals. Pure. */
export function netRules(
  granted: readonly string[],
  cap: readonly string[] | undefined,
): { readonly rules: readonly NetRule[]; readonly refusals: readonly string[] } {
  const refusals: string[] = [];
  const parse = (text: string, key: string): NetRule[] => {
    const rule = parseRule(text);
    if (rule === undefined)
      refusals.push(`${key} ${quoted(text)}: it is no host; write a name, "*.name", "*", or one of them with ":port"`);
    return rule === undefined ? [] : [rule];
  };
  const caps = cap?.flatMap((text) => parse(text, 'sandbox.net'));
  const rules = granted.flatMap((text) =>
    parse(text, 'net').flatMap((rule) => {
      const within = caps === undefined ? [rule] : caps.flatMap((each) => overlap(rule, each));
      if (within.length === 0) refusals.push(`net ${quoted(text)}: sandbox.net of the configuration does not allow it; add it there`);
      return within;
    }),
  );
  return { rules: [...new Map(rules.map((rule) => [`${rule.host}:${rule.port}`, rule])).values()], refusals };
}

/** What both rules admit: one rule or none. */
function overlap(rule: NetRule, cap: NetRule): NetRule[] {
  const host = covers(cap.host, rule.host) ? rule.host : covers(rule.host, cap.host) ? cap.host : undefined;
  const port = rule.port === '*' ? cap.port : cap.port === '*' || cap.port === rule.port ? rule.port : undefined;
  return host === undefined || port === undefined ? [] : [{ host, port, text: rule.text }];
}

// As in the proxy: `*` is everything public, so it does not cover an address of the local network.
function covers(wide: string, narrow: string): boolean {
  if (wide === narrow) return true;
  if (wide === '*') return !isSpecialAddress(narrow);
  return wide.startsWith('*.') && narrow.endsWith(wide.slice(1));
}

function quoted(text: string): string {
  return JSON.stringify(plainText(text, 256));
}
