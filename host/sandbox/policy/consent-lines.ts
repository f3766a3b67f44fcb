import type { Permissions } from '@outrigger/schemas';

/** One permission in plain words. Texts of the plugin in it are as the plugin wrote them: make them printable. */
export interface ConsentLine {
  readonly text: string;
  /** Ends or nearly ends the sandbox's use: shown in red. */
  readonly isWide: boolean;
}

/** Plain words for a person who must decide, the widest first. Pure. */
export function consentLines(permissions: Permissions): ConsentLine[] {
  const lines = [
    ...programLines(permissions),
    ...(permissions.fs?.write ?? []).map(writeLine),
    ...(permissions.net ?? []).map(netLine),
    ...(permissions.fs?.read ?? []).map(readLine),
    ...(permissions.secrets ?? []).map(secretLine),
    ...(permissions.sensitive ?? []).map(sensitiveLine),
    ...(permissions.env ?? []).map((name) => ordinary(`see the value of the environment variable ${name}`)),
    ...(permissions.services ?? []).map((name) => ordinary(SERVICES[name] ?? `call the service "${name}" of this application`)),
  ];
  return [...lines.filter(({ isWide }) => isWide), ...lines.filter(({ isWide }) => !isWide)];
}

/** What our own services do, for people. */
const SERVICES: Readonly<Record<string, string>> = {
  storage: 'keep data of its own in the storage of the host',
  'net/fetch': 'let the host make requests to the hosts it may reach',
  'hook/emit': 'fire events of its own, which other plugins hear',
};

/** A root, all homes or a whole home: everything the user has. */
const HOME_WIDE = /^\/(?:(?:home|Users|root|etc|var|mnt|media)\/?|(?:home|Users)\/[^/]+\/?)?$/;
const OWN_DATA = /^\$\{data\}(?:\/|$)/;

function programLines({ run = [], ipc, native }: Permissions): ConsentLine[] {
  return [
    ...(run.length > 0 ? [wide(`start programs (it names ${run.join(', ')}; it can start whatever its sandbox shows it)`)] : []),
    ...(ipc ? [wide('talk to programs of yours through Unix sockets in the folders it may read')] : []),
    ...(native ? [wide('load native code into Node')] : []),
  ];
}

function writeLine(path: string): ConsentLine {
  return OWN_DATA.test(path) ? ordinary('keep files in a data folder of its own') : wide(`change and delete files in ${path}`);
}

function readLine(path: string): ConsentLine {
  if (OWN_DATA.test(path)) return ordinary('read its own data folder');
  return HOME_WIDE.test(path) ? wide(`read everything in ${path}`) : ordinary(`read files in ${path}`);
}

function netLine(rule: string): ConsentLine {
  if (/^\*(?::|$)/.test(rule)) return wide(`send anything it sees to every host of the internet (${rule})`);
  if (rule.includes('*')) return wide(`send anything it sees to ${rule}: every name there is or can be made there`);
  return ordinary(`send anything it sees to ${rule}`);
}

function secretLine(secret: NonNullable<Permissions['secrets']>[number]): ConsentLine {
  if (typeof secret === 'string') return wide(`read the secret ${secret}`);
  return wide(`have the secret ${secret.name} sent to ${secret.hosts.join(', ')}, without seeing it`);
}

function sensitiveLine(kind: NonNullable<Permissions['sensitive']>[number]): ConsentLine {
  return kind === 'secret'
    ? wide('see the fields of events that hold secrets')
    : ordinary('see the fields of events that hold personal data');
}

function wide(text: string): ConsentLine {
  return { text, isWide: true };
}

function ordinary(text: string): ConsentLine {
  return { text, isWide: false };
}
