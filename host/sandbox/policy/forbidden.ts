import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { has, isMaskable, type Place, type PlaceTable, placeAt, placeOf, placesIn, reallyAt } from './place.ts';

export interface ForbiddenPlaces {
  readonly dataDir: string;
  readonly cacheDir: string | undefined;
  readonly home: string | undefined;
  /** The user's own configuration of Outrigger, where it is not in `~/.config/outrigger`. */
  readonly configHome?: string | undefined;
  readonly own?: OwnPlaces | undefined;
}

/** What is the host's own beside its data, cache and configuration; absolute. */
export interface OwnPlaces {
  readonly folders: readonly string[];
  /** Files and sockets, which may be missing. */
  readonly files: readonly string[];
}

const OURS = 'Outrigger’s own files';
const SECRETS = 'keys and tokens';
const BROWSER = 'browser and mail profiles';
const KERNEL = 'the system’s own files';
const HISTORY = 'histories of shells and programs';

const IN_HOME: PlaceTable = {
  'Outrigger’s configuration': ['.config/outrigger', 'Library/Preferences/outrigger'],
  [SECRETS]: [
    ...['.ssh', '.gnupg', '.aws', '.azure', '.config/gcloud', '.kube', '.docker', '.netrc', '_netrc', '.git-credentials'],
    ...['.config/git/credentials', '.config/gh', '.config/glab-cli', '.config/hub', '.password-store', '.local/share/keyrings'],
    ...['.local/share/kwalletd', '.config/op', '.config/1Password', '.config/Bitwarden', '.config/sops', '.config/age', '.config/doctl'],
    ...['.npmrc', '.yarnrc.yml', '.pypirc', '.cargo/credentials', '.cargo/credentials.toml', '.gem/credentials', '.m2/settings.xml'],
    ...['.gradle/gradle.properties', '.nuget', '.terraform.d', '.terraformrc', '.vault-token', '.pgpass', '.my.cnf', '.s3cfg', '.boto'],
    ...['.oci', '.bluemix', '.config/containers', '.config/rclone', '.Xauthority', '.ICEauthority', '.pki', '.electrum', '.bitcoin'],
    ...['Library/Keychains', 'Library/Application Support/gcloud', 'Library/Group Containers'],
  ],
  [BROWSER]: [
    ...['.mozilla', '.thunderbird', '.config/google-chrome', '.config/chromium', '.config/BraveSoftware', '.config/microsoft-edge'],
    ...['.config/vivaldi', '.config/opera', '.cache/mozilla', '.cache/google-chrome', '.cache/chromium', 'snap/firefox', 'snap/chromium'],
    ...['.var/app', 'Library/Safari', 'Library/Cookies', 'Library/Mail', 'Library/Messages', 'Library/Containers'],
    ...['Library/Application Support/Google', 'Library/Application Support/Firefox', 'Library/Application Support/Chromium'],
    ...[
      'Library/Application Support/BraveSoftware',
      'Library/Application Support/Microsoft Edge',
      'Library/Application Support/com.apple.TCC',
    ],
  ],
  [HISTORY]: [
    '.bash_history',
    '.zsh_history',
    '.python_history',
    '.node_repl_history',
    '.psql_history',
    '.mysql_history',
    '.local/share/fish',
  ],
};

const ABSOLUTE: PlaceTable = {
  [KERNEL]: ['/proc', '/sys', '/dev', '/boot', '/private/var/db'],
  'sockets of system services': ['/run', '/var/run', '/private/var/run', '/tmp/.X11-unix', '/tmp/.ICE-unix'],
  'a container engine’s own files': ['/var/lib/docker', '/var/lib/containerd', '/var/lib/containers', '/var/lib/kubelet'],
  'accounts and keys of the system': [
    ...['shadow', 'shadow-', 'gshadow', 'gshadow-', 'sudoers', 'sudoers.d', 'ssh', 'ssl/private', 'pki/tls/private', 'krb5.keytab'],
    ...[
      'NetworkManager',
      'wireguard',
      'openvpn',
      'ipsec.secrets',
      'ipsec.d',
      'ppp',
      'kubernetes',
      'docker',
      'letsencrypt',
      'master.passwd',
    ],
  ].flatMap((name) => [`/etc/${name}`, `/private/etc/${name}`]),
  [SECRETS]: ['/Library/Keychains', '/var/lib/sss', '/var/backups', '/var/lib/private'],
};

/** Names that hold secrets wherever they lie, such as in the home of another user. */
const SECRET_NAMES = [
  '.ssh',
  '.gnupg',
  '.aws',
  '.azure',
  '.kube',
  '.netrc',
  '.git-credentials',
  '.password-store',
  '.pgpass',
  '.vault-token',
];

/**
 * What no plugin may read or write, whatever was asked and granted: each place by its name and by where it really leads.
 * `never` is the operator's own list, filled in and absolute.
 */
export function forbiddenPlaces(places: ForbiddenPlaces, never: readonly string[]): Place[] {
  const homes = homesOf(places.home);
  const configHome = places.configHome ?? (places.home ? join(places.home, '.config/outrigger') : undefined);
  const { folders = [], files = [] } = places.own ?? {};
  const own = [places.dataDir, places.cacheDir, configHome, ...folders].filter((path) => path !== undefined);
  return [
    ...maskable(
      ['/'],
      [
        ...own.flatMap((path) => placeAt(path, OURS).map((place) => ({ ...place, isOurs: true as const }))),
        ...files.flatMap((path) => placeAt(path, OURS)),
      ],
    ),
    ...never.flatMap((path) => placeAt(path, 'sandbox.never of the configuration names it')),
    ...placesIn(ABSOLUTE, ['/']),
    // Not in what holds a home: the homes of others have the same places, and nobody lists those.
    ...maskable([...homes, ...homes.map(reallyAt)], placesIn(IN_HOME, homes)),
    // Somebody else's home, unless the host is run by root: then it is a home like any other.
    ...(homes.includes('/root') ? [] : placeAt('/root', 'the home of root')),
  ];
}

function maskable(roots: readonly string[], places: readonly Place[]): Place[] {
  return places.map((place) => ({ ...place, maskIn: roots }));
}

/**
 * Why a path is not granted, as a clause; undefined when nothing forbids it. `path` is absolute and normalised. With `mayMask` it may hold
 * what can be shown empty: see `maskedIn()`.
 */
export function whyForbidden(path: string, forbidden: readonly Place[], mayMask = false): string | undefined {
  const found = placeOf(path, mayMask ? forbidden.filter((place) => !isMaskable(place, path)) : forbidden);
  if (found?.isHeld === false) return `never granted: ${found.place.what}`;
  if (found !== undefined) return `it holds "${found.place.path}", which is never granted: ${found.place.what}`;
  const name = path.split('/').find((part) => SECRET_NAMES.includes(part));
  return name === undefined ? undefined : `never granted: ${name} is for ${SECRETS}`;
}

/** Why a folder is not granted for what lies directly in it. Bound: a few fixed names are looked for, no sub-folder is searched. */
export function whySecretsIn(folder: string): string | undefined {
  const name = SECRET_NAMES.find((each) => has(folder, each));
  return name === undefined ? undefined : `it holds "${name}", which is never granted: ${SECRETS}`;
}

/** Places in a folder granted for reading that must be shown empty, whether they exist or not. Bound: no sub-folder is searched. */
export function maskedIn(folder: string, forbidden: readonly Place[]): Pick<Place, 'path' | 'isOurs'>[] {
  const named = SECRET_NAMES.filter((name) => has(folder, name)).map((name) => ({ path: join(folder, name) }));
  return [...forbidden.filter((place) => isMaskable(place, folder)), ...named];
}

/** The user's home by every name it goes by: HOME may be anything, the account's entry is what other programs use. */
export function homesOf(home: string | undefined): string[] {
  const homes = [home, accountHome()].filter((path) => path?.startsWith('/') === true);
  return [...new Set(homes.map((path) => resolve(path as string)))].filter((path) => path !== '/');
}

function accountHome(): string | undefined {
  try {
    return userInfo().homedir;
  } catch {
    // An account without an entry, as in containers.
    return undefined;
  }
}
