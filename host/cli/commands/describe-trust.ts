import type { LockedPlugin, Manifest, Permissions } from '@outrigger/schemas';
import { setsOf } from '../../registry/sets.ts';
import { makeSubscription } from '../../registry/subscriptions.ts';
import type { LoadedHook, Mode, Registry } from '../../registry/types.ts';
import { consentLines, isEmpty, widerThan } from '../../sandbox/policy/permissions.ts';
import { limitsOf } from '../../sandbox/policy/policy.ts';
import type { CliContext } from '../context.ts';
import { printable } from '../print/printable.ts';
import { shortPath } from '../print/problem-text.ts';
import type { Acceptance } from './trust.ts';

type Painter = Pick<CliContext, 'paint' | 'cwd'>;

/** All a person should know before trusting a plugin, in plain words: who it is, what it hears, what it may do, what is new. */
export function describeTrust(acceptance: Acceptance, registry: Registry, { paint, cwd }: Painter): string {
  const { plugin, manifest, directory, before, now, wider } = acceptance;
  const section = (title: string, lines: readonly string[]) => (lines.length > 0 ? ['', paint('strong', title), ...lines] : []);
  const head = [
    `${paint('name', printable(plugin.name))} ${printable(manifest.version)}  ${paint('faint', printable(shortPath(directory, cwd)))}`,
    ...(manifest.description ? [printable(manifest.description)] : []),
    paint('faint', now.hash),
  ];
  const may = [
    ...(now.trust === 'full'
      ? [paint('bad', '  ! run with all your rights, outside a sandbox: the rest of this list does not bind it')]
      : []),
    ...permissionLines(now.grant, wider, paint),
  ];
  const lines = [
    ...head,
    ...section('It hears', hookLines(acceptance, registry)),
    ...section('It may', may.length > 0 ? may : ['    nothing beyond answering']),
    ...section('Links lead elsewhere', linkLines(now, paint)),
    ...section('It may ask for later', permissionLines(widerThan(now.asked, now.grant), wider, paint)),
    ...section('Since it was accepted', sinceLines(before, now)),
    ...(now.trust === 'full' ? [] : section('Limits', [limitsLine(manifest, registry)])),
  ];
  return `${lines.join('\n')}\n\n`;
}

/** One a line, those that ask for much in red with a mark; what is new since the last time says so. */
function permissionLines(permissions: Permissions, wider: Permissions, paint: CliContext['paint']): string[] {
  const fresh = new Set(consentLines(wider).map(({ text }) => text));
  return consentLines(permissions).map(({ text, isWide }) => {
    const line = `${printable(text)}${fresh.has(text) ? ' (new)' : ''}`;
    return isWide ? paint('bad', `  ! ${line}`) : `    ${line}`;
  });
}

function linkLines({ paths = {} }: LockedPlugin, paint: CliContext['paint']): string[] {
  return Object.entries(paths).map(([path, to]) => paint('bad', `  ! ${printable(path)} is ${printable(to)}`));
}

const CAN: Readonly<Record<Mode, readonly string[]>> = {
  sequential: ['modify', 'block', 'replace'],
  transform: ['modify'],
  audit: [],
  concurrent: ['block'],
  fire_and_forget: [],
  disabled: [],
};

function hookLines({ plugin, manifest }: Acceptance, { config, hooks }: Registry): string[] {
  const entry = config.plugins?.[plugin.name] ?? {};
  const sets = setsOf(plugin.name, config.sets);
  return Object.keys(manifest.hooks).map((name) => {
    const hook = hooks.get(name);
    if (hook === undefined) return `    ${printable(name)}: never fired here`;
    const { mode } = makeSubscription(hook, { manifest, entry, sets, order: 0, sees: [] });
    return `    ${printable(name)}: ${powers(hook, mode)}`;
  });
}

function powers({ allows, writable }: LoadedHook, mode: Mode): string {
  const words = {
    modify: `may change ${writable.map(printable).join(', ')}`,
    block: 'may block it',
    replace: 'may answer in its place',
  } as const;
  const has = (what: keyof typeof words): boolean => allows.has(what) && (what !== 'modify' || writable.length > 0);
  const can = (['modify', 'block', 'replace'] as const).filter((what) => has(what) && CAN[mode].includes(what));
  return can.length > 0 ? can.map((what) => words[what]).join('; ') : 'only watches';
}

function sinceLines(before: LockedPlugin | undefined, now: LockedPlugin): string[] {
  if (before === undefined) return [];
  const gone = widerThan(before.asked, now.asked);
  return [
    `    accepted on ${printable(before.time.slice(0, 10))}: ${before.hash === now.hash ? 'its code is the same' : 'its code changed'}`,
    ...(before.version === now.version ? [] : [`    version ${printable(before.version)} → ${printable(now.version)}`]),
    ...(isEmpty(gone) ? [] : consentLines(gone).map(({ text }) => `    it does not ask any more to ${printable(text)}`)),
  ];
}

function limitsLine({ limits }: Manifest, { config }: Registry): string {
  const { memoryMb, cpu, pids, storageMb, tmpMb } = limitsOf(limits, config.sandbox?.limits);
  const cores = `${cpu} ${cpu === 1 ? 'core' : 'cores'}`;
  return `    ${memoryMb} MiB of memory, ${cores}, ${pids} processes and threads, ${storageMb} MiB kept, ${tmpMb} MiB temporary`;
}
