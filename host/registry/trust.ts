import type { Grant, LockedPlugin, Manifest, Permissions } from '@outrigger/schemas';
import { consentLines, intersect, isEmpty, union, widerThan } from '../sandbox/policy/permissions.ts';

export interface TrustQuestion {
  readonly name: string;
  readonly trust: 'full' | 'none';
  /** It stands in the config, and was not merely found in a plugin folder. */
  readonly isListed: boolean;
  readonly version: string;
  readonly asked: Pick<Manifest, 'permissions' | 'optionalPermissions'>;
  /** The operator's grant in the config. */
  readonly grant: Grant | undefined;
  readonly locked: LockedPlugin | undefined;
  /** What its folder holds now; undefined when it is in no lock file. */
  readonly hash: string | undefined;
}

/** Whether a plugin may run, as far as the operator's word goes; a sandbox has to be found beside. */
export type TrustAnswer = { readonly granted: Permissions } | { readonly refusal: string };

/** Pure: the one place that decides what the operator's files allow. Refusals are clauses for people that name the way out. */
export function judgeTrust(question: TrustQuestion): TrustAnswer {
  const { name, trust, isListed, grant, locked } = question;
  const required = question.asked.permissions ?? {};
  if (!isListed)
    return {
      refusal: `it was found in a plugin folder but is not listed: look at it and run "outrigger plugins trust ${name}", or leave it switched off`,
    };
  if (locked !== undefined && locked.hash !== question.hash) return { refusal: changed(question, locked) };
  const given = grant ?? (trust === 'full' ? required : (locked?.grant ?? {}));
  const missing = trust === 'full' ? {} : widerThan(required, given);
  if (!isEmpty(missing)) return { refusal: ungranted(name, missing, grant !== undefined) };
  return { granted: intersect(everything(question.asked), given) };
}

/** What a manifest asks for, required and optional together. Pure. */
export function everything({ permissions = {}, optionalPermissions = {} }: TrustQuestion['asked']): Permissions {
  return union(permissions, optionalPermissions);
}

function changed({ name, version, asked }: TrustQuestion, locked: LockedPlugin): string {
  const versions = version === locked.version ? `still version ${version}` : `version ${locked.version} → ${version}`;
  const wider = widerThan(everything(asked), locked.asked);
  const more = isEmpty(wider) ? '' : `, and it asks for more: it wants to ${inWords(wider)}`;
  const when = locked.time.slice(0, 10);
  return `its code changed since it was accepted on ${when} (${versions})${more}: look at it and confirm with "outrigger plugins trust ${name}"`;
}

function ungranted(name: string, missing: Permissions, hasGrant: boolean): string {
  const what = `it was not granted what it needs: it wants to ${inWords(missing)}`;
  if (hasGrant) return `${what}; add that to plugins.${name}.grant, or take the grant out and run "outrigger plugins trust ${name}"`;
  return `${what}; look at it and grant it with "outrigger plugins trust ${name}"`;
}

/** The most that is said in one line; `outrigger plugins trust` shows all. */
const MOST_WORDS = 4;

function inWords(permissions: Permissions): string {
  const texts = consentLines(permissions).map(({ text }) => text);
  const more = texts.length - MOST_WORDS;
  return [...texts.slice(0, MOST_WORDS), ...(more > 0 ? [`${more} more`] : [])].join('; ');
}
