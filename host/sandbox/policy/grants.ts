import { join, relative } from 'node:path';
import { plainText } from '../../process/plain-text.ts';
import { whyExecuted, whyWorkspace } from './executed.ts';
import { fillIn, type PathVariables } from './fill-in.ts';
import { whyForbidden, whySecretsIn } from './forbidden.ts';
import { type AcceptedPaths, whyElsewhere as whyLedElsewhere } from './led-paths.ts';
import type { Place } from './place.ts';
import { isWithin, type RealPath, realPath } from './real-path.ts';
import { whyNoTarget } from './targets.ts';

/** A granted path before it is a mount. */
export interface PathGrant {
  /** As it was written. */
  readonly text: string;
  readonly write: boolean;
  /** Absolute and normalised, as granted. */
  readonly target: string;
  /** Where it really is. */
  readonly source: string;
  /** The real places of the links on the way. */
  readonly links: readonly string[];
}

/** A folder that another plugin may write; absolute. */
export interface OtherWriter {
  readonly plugin: string;
  readonly path: string;
}

/** What paths are judged by. */
export interface GrantContext {
  readonly variables: PathVariables;
  readonly forbidden: readonly Place[];
  readonly executed: readonly Place[];
  /** Unix sockets may be granted. */
  readonly ipc: boolean;
  readonly others: readonly OtherWriter[];
  /** Folders that a plugin, this one or another, could write before; links in them may be of their making. */
  readonly formers: readonly OtherWriter[];
  /** Where granted paths led when they were accepted; undefined: nobody wrote it down. */
  readonly accepted: AcceptedPaths | undefined;
}

/** One path: a grant, a reason against it, or nothing where there is nothing to read. */
export type Examined = { readonly grant: PathGrant } | { readonly refusal: string } | undefined;

/** Judges one path by itself. */
export function examine(text: string, write: boolean, context: GrantContext): Examined {
  const filled = fillIn(text, context.variables);
  const refuse = (why: string): Examined => ({ refusal: refusalOf(text, write, why) });
  if ('why' in filled) return refuse(filled.why);
  const target = filled.path;
  const byName = whyForbidden(target, context.forbidden, !write);
  if (byName !== undefined) return refuse(byName);
  try {
    const found = realPath(target);
    if (found.stats === undefined && !write) return undefined;
    const why = whyNot({ text, target, write, found }, context);
    return why === undefined ? { grant: { text, write, target, source: found.real, links: found.links } } : refuse(why);
  } catch (error) {
    return refuse(`it cannot be followed: ${(error as Error).message}`);
  }
}

/**
 * Judges paths beside each other: drops what another one covers, refuses what a link would lead elsewhere. A mount inside
 * another must be the same place that the outer one shows there, and nothing the plugin may write may choose where it is.
 */
export function relate(grants: readonly PathGrant[]): { readonly kept: readonly PathGrant[]; readonly refusals: readonly string[] } {
  const kept: PathGrant[] = [];
  const refusals: string[] = [];
  // Outer ones first, and of two equal ones the one that may write.
  const sorted = [...grants].sort((a, b) => a.target.length - b.target.length || Number(b.write) - Number(a.write));
  for (const grant of sorted) {
    const why = whySteered(grant, sorted) ?? whyElsewhere(grant, kept);
    if (why !== undefined) refusals.push(refusalOf(grant.text, grant.write, why));
    else if (!kept.some((outer) => isWithin(grant.target, outer.target) && (outer.write || !grant.write))) kept.push(grant);
  }
  return { kept, refusals };
}

/** A refusal for people. */
export function refusalOf(text: string, write: boolean, why: string): string {
  return `fs.${write ? 'write' : 'read'} ${JSON.stringify(plainText(text, 256))}: ${why}`;
}

interface Found {
  readonly text: string;
  readonly target: string;
  readonly write: boolean;
  readonly found: RealPath;
}

function whyNot({ text, target, write, found }: Found, context: GrantContext): string | undefined {
  const source = found.real;
  const forbidden = source === target ? undefined : whyForbidden(source, context.forbidden, !write);
  if (forbidden !== undefined) return `it leads to "${source}", and ${forbidden}`;
  return (
    (write ? whySecretsIn(source) : undefined) ??
    whyNoTarget({ target, source, write }) ??
    whyKind(found, context.ipc) ??
    whyOthers([target, source, ...found.links], context.others) ??
    whyFormer(found.links, context.formers) ??
    (context.accepted && whyLedElsewhere({ text, target, source }, context.variables, context.accepted)) ??
    (write ? whyNotWritten(target, source, context) : undefined)
  );
}

function whyKind({ stats }: RealPath, ipc: boolean): string | undefined {
  if (stats === undefined || stats.isDirectory() || stats.isFile()) return undefined;
  if (stats.isSocket()) return ipc ? undefined : 'it is a socket, and the plugin has no "ipc" grant';
  return 'it is neither a folder nor a file';
}

function whyNotWritten(target: string, source: string, { executed, variables }: GrantContext): string | undefined {
  for (const path of new Set([target, source])) {
    const why = whyWorkspace(path, variables.workspace) ?? whyExecuted(path, executed);
    if (why !== undefined) return why;
  }
  return undefined;
}

// The folder itself is not theirs to replace; what lies in it is.
function whyOthers(ways: readonly string[], others: readonly OtherWriter[]): string | undefined {
  const other = others.find(({ path }) => ways.some((way) => way !== path && isWithin(way, path)));
  return (
    other && `plugin "${other.plugin}" may write "${other.path}" and could put a link in its place; grant both the same folder, or others`
  );
}

function whyFormer(links: readonly string[], formers: readonly OtherWriter[]): string | undefined {
  for (const link of links) {
    const former = formers.find(({ path }) => isWithin(link, path));
    if (former)
      return `it goes through the link "${link}", which plugin "${former.plugin}" could have made; write where it leads, or remove it`;
  }
  return undefined;
}

/** Why the plugin itself could choose where a grant leads. */
function whySteered(grant: PathGrant, all: readonly PathGrant[]): string | undefined {
  for (const writer of all) {
    if (!writer.write || writer === grant) continue;
    const link = grant.links.find((each) => isWithin(each, writer.source));
    if (link !== undefined) return `it goes through the link "${link}", which the plugin may change; write where it leads`;
    if (isWithin(grant.source, writer.source) && !isWithin(grant.target, writer.target)) {
      return `it is another name for a part of "${writer.text}", which it may write; leave it out`;
    }
  }
  return undefined;
}

function whyElsewhere(grant: PathGrant, outers: readonly PathGrant[]): string | undefined {
  const outer = outers.find((each) => isWithin(grant.target, each.target));
  if (outer === undefined || join(outer.source, relative(outer.target, grant.target)) === grant.source) return undefined;
  return `it lies in "${outer.text}" and is a link to "${grant.source}"; grant that`;
}
