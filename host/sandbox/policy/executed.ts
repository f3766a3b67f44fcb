import { delimiter, dirname, isAbsolute, resolve } from 'node:path';
import { ownPackages } from '../view/hoisted-packages.ts';
import { homesOf } from './forbidden.ts';
import { has, type Place, type PlaceTable, placeAt, placeOf, placesIn } from './place.ts';
import { isWithin, realPath } from './real-path.ts';

export interface ExecutedPlaces {
  readonly config: string;
  readonly home: string | undefined;
  /** More folders whose content the host runs: those of plugins in the configuration. */
  readonly programs?: readonly string[] | undefined;
  /** The host's own PATH. */
  readonly path?: string | undefined;
  /** The plugin's own folder. */
  readonly directory: string;
}

const RULES = 'it says what the host runs';
const CODE = 'it is code the host runs';
const SHELL = 'shells and logins run it';
const DESKTOP = 'the desktop or the system starts what is in it';
const PATH = 'programs are found there';
const TOOLS = 'git, editors and tools run what is in it';

/** Names that make whatever lies there run by the host, a shell or a tool, in any folder. */
const NAMES: PlaceTable = {
  [RULES]: ['outrigger.yaml', 'outrigger.yml', 'outrigger.json', 'outrigger.lock.json'],
  [CODE]: ['plugin.yaml', 'plugin.yml', 'plugin.json'],
  [SHELL]: [
    ...['.envrc', '.direnv', '.bashrc', '.bash_profile', '.bash_login', '.bash_logout', '.bash_aliases', '.profile', '.zshrc', '.zshenv'],
    ...['.zprofile', '.zlogin', '.zlogout', '.kshrc', '.cshrc', '.tcshrc', '.login', '.xinitrc', '.xsession', '.xsessionrc', '.xprofile'],
  ],
  [TOOLS]: [
    ...['.git', '.gitconfig', '.husky', '.vscode', '.idea', '.devcontainer', '.vimrc', '.exrc', '.emacs', '.emacs.d', '.mise.toml'],
    ...['.tmux.conf', '.screenrc', '.cargo', '.npmrc', '.yarnrc', '.yarnrc.yml', '.pnpmfile.cjs', '.pre-commit-config.yaml', '.gdbinit'],
    ...['.github', '.gitlab-ci.yml', '.circleci', '.mcp.json', '.cursor', '.claude', '.gemini', '.codex', '.aider.conf.yml'],
  ],
};

const IN_HOME: PlaceTable = {
  [SHELL]: [
    '.config/fish',
    '.config/environment.d',
    '.config/plasma-workspace',
    '.pam_environment',
    '.inputrc',
    '.config/direnv',
    '.direnvrc',
  ],
  [DESKTOP]: [
    ...['.config/autostart', '.config/systemd', '.local/share/systemd', '.local/share/applications', '.local/share/dbus-1'],
    ...['.config/cron', '.local/share/nautilus', 'Library/LaunchAgents', 'Library/Services', 'Applications'],
  ],
  [PATH]: [
    'bin',
    '.local/bin',
    '.local/lib',
    '.local/pipx',
    '.cargo/bin',
    '.nvm',
    '.pyenv',
    '.rbenv',
    '.asdf',
    '.volta',
    '.deno',
    '.bun',
    'go/bin',
  ],
  [TOOLS]: [
    '.config/git',
    '.config/nvim',
    '.vim',
    '.config/Code',
    '.vscode-server',
    '.oh-my-zsh',
    '.npm-packages',
    '.config/tmux',
    '.config/pip',
    '.node_modules',
    '.node_libraries',
  ],
};

const ABSOLUTE: PlaceTable = {
  [PATH]: [
    '/usr',
    '/bin',
    '/sbin',
    '/lib',
    '/lib32',
    '/lib64',
    '/libx32',
    '/opt/homebrew',
    '/nix',
    '/snap',
    '/opt/bin',
    '/opt/sbin',
    '/Applications',
    '/System',
  ],
  [DESKTOP]: ['/etc', '/private/etc', '/var/spool/cron', '/var/spool/at', '/Library'],
};

const NAMED: readonly Place[] = Object.entries(NAMES).flatMap(([what, names]) => names.map((path) => ({ path, what })));

/**
 * Why a folder or file may not be written, as a clause; undefined when it may. It is refused when it is, lies in or holds
 * what the host, a shell or a tool runs. Bound: fixed places, the names on the path itself, and fixed names among the
 * folder's own entries; what lies deeper is not searched. `path` is absolute and normalised.
 */
export function whyExecuted(path: string, places: readonly Place[]): string | undefined {
  const found = placeOf(path, places);
  if (found !== undefined) return found.isHeld ? `it holds "${found.place.path}": ${found.place.what}` : found.place.what;
  const parts = path.split('/');
  const named = NAMED.find((each) => parts.includes(each.path));
  if (named !== undefined) return `no plugin writes "${named.path}": ${named.what}`;
  const held = NAMED.find((each) => has(path, each.path));
  if (held !== undefined) return `it holds "${held.path}": ${held.what}; grant a folder below it that does not`;
  return has(path, 'HEAD') && has(path, 'hooks') ? `it is a git repository: ${TOOLS}` : undefined;
}

/** Fixed places that are not written, each by its name and by where it really leads. */
export function executedPlaces({ config, home, programs, path = '', directory }: ExecutedPlaces): Place[] {
  // This file lies in host/sandbox/policy: what is above it is the host itself.
  const own = [resolve(import.meta.dirname, '../..'), dirname(process.execPath), ...ownPackages().map(({ source }) => source)];
  const code = [...own, ...(programs ?? [])];
  return [
    ...placeAt(directory, 'it is the plugin’s own code'),
    ...code.flatMap((folder) => wayTo(folder, CODE)),
    // A relative one is found wherever the operator stands.
    ...path
      .split(delimiter)
      .filter(isAbsolute)
      .flatMap((folder) => wayTo(folder, PATH)),
    ...placesIn({ [RULES]: NAMES[RULES] ?? [] }, [config]),
    ...placesIn(ABSOLUTE, ['/']),
    ...placesIn(IN_HOME, homesOf(home)),
  ];
}

/** A place by its name, by where it is, and by every link between the two: who may change one of those chooses what is run. */
function wayTo(path: string, what: string): Place[] {
  const places = placeAt(path, what);
  try {
    return [...places, ...realPath(resolve(path)).links.map((link) => ({ path: link, what }))];
  } catch {
    return places;
  }
}

/** Why a folder that is or holds the workspace is not written: the next host started there would obey what a plugin put there. */
export function whyWorkspace(path: string, workspace: string): string | undefined {
  const holds = placeAt(workspace, '').some((place) => isWithin(place.path, path));
  return holds
    ? `the host works in it, and the next one would obey an outrigger.yaml put there; grant a folder below it, such as "\${workspace}/out"`
    : undefined;
}
