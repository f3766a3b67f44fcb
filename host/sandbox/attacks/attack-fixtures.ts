import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, hostname, networkInterfaces, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { attackFolder } from './attack-programs.ts';

/** What the attacks are told. They could find it out; it must not help them. */
export interface AttackFacts {
  readonly root: string;
  readonly home: string;
  readonly workspace: string;
  /** Granted for reading, and a file in it. */
  readonly read: string;
  readonly readFile: string;
  /** Granted for writing. */
  readonly write: string;
  readonly privateKey: string;
  readonly hostConfig: string;
  readonly lockFile: string;
  readonly stateFolder: string;
  readonly storeFile: string;
  readonly otherData: string;
  readonly cache: string;
  readonly outsideFolder: string;
  readonly outsideFile: string;
  readonly outsideModule: string;
  readonly outsideDatabase: string;
  readonly outsideEnvironment: string;
  readonly outsideSocket: string;
  /** In a second folder granted for reading. */
  readonly grantedSocket: string;
  readonly abstractSocket: string;
  readonly sharedTemporary: string;
  readonly leftBehind: string;
  readonly descriptorMark: string;
  /** The host has a descriptor open that it does not know of. */
  readonly hasStray: boolean;
  readonly canaryName: string;
  readonly sharedMemory: number | null;
  readonly posixMemory: string | null;
  readonly hostName: string;
  readonly hostUser: string;
  readonly hostHome: string;
  readonly hostUsers: readonly string[];
  readonly lanAddress: string | null;
  readonly namespaces: Readonly<Record<string, string>>;
}

/** Other shells cannot name a descriptor above 9. */
export const STRAY_SHELL = '/bin/bash';

/** Everything that is set up for a run, in one temporary folder. */
export interface Fixtures {
  readonly facts: AttackFacts;
  /** In every secret; whoever says it has read one. */
  readonly token: string;
  /** The attack programs, as a plugin. */
  readonly plugin: string;
  /** What the host is started with and no plugin may see: environment, and a file left open. */
  readonly canary: { readonly name: string; readonly value: string; readonly file: string };
}

/** Makes the folder of a run with all that the attacks are after. `removeFixtures()` takes it away. */
export function makeFixtures(): Fixtures {
  const root = mkdtempSync(join(realpathSync(tmpdir()), 'outrigger-sandbox-test-'));
  // The folders above a secret must not hide it: that is for the sandbox to do.
  chmodSync(root, 0o755);
  const mark = randomBytes(6).toString('hex');
  const token = randomBytes(16).toString('hex');
  const file = join(root, 'descriptor');
  writeFileSync(file, `descriptor-secret ${token}\n`);
  const fixtures: Fixtures = {
    facts: factsOf(root, mark, token),
    token,
    plugin: join(root, 'state', 'store', 'attacks'),
    canary: { name: `OUTRIGGER_CANARY_${mark}`, value: token, file },
  };
  makeDatabase(join(root, 'notes.db'), token);
  mkdirSync(join(root, 'sockets'));
  mkdirSync(join(root, 'workspace', 'agent'), { recursive: true });
  layTree(fixtures);
  return fixtures;
}

/** Lays out all folders afresh, but for those that hold sockets. */
export function layTree({ facts, token, plugin }: Fixtures): void {
  const trees = [...watchedTrees(facts), facts.write, facts.stateFolder];
  for (const path of trees) rmSync(path, { recursive: true, force: true });
  for (const [path, text, mode = 0o644] of filesOf(facts, token)) {
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, text);
    chmodSync(path, mode);
  }
  mkdirSync(facts.write, { recursive: true });
  for (const path of [facts.write, facts.cache, facts.outsideFolder]) chmodSync(path, path === facts.write ? 0o755 : 0o777);
  // The programs alone: what an editor or an interpreter left beside them is not part of the plugin.
  copyFileSync(join(facts.root, 'notes.db'), facts.outsideDatabase);
  chmodSync(facts.outsideDatabase, 0o666);
  const isProgram = (path: string): boolean => !path.endsWith('__pycache__');
  cpSync(attackFolder(), plugin, { recursive: true, filter: isProgram });
}

/** What no attack may change: all but the folder it may write, its own data and the sockets. */
export function watchedTrees({ home, read, workspace, stateFolder, outsideFolder, cache }: AttackFacts): string[] {
  return [home, read, `${workspace}/.git`, `${stateFolder}/store`, `${stateFolder}/data/other`, outsideFolder, cache];
}

/** Takes away all that was made. Idempotent. */
export function removeFixtures({ facts }: Fixtures): void {
  if (facts.sharedMemory !== null) spawnSync('ipcrm', ['-m', String(facts.sharedMemory)], { stdio: 'ignore' });
  if (facts.posixMemory !== null) rmSync(facts.posixMemory, { force: true });
  rmSync(facts.sharedTemporary, { force: true });
  rmSync(facts.root, { recursive: true, force: true });
}

function factsOf(root: string, mark: string, token: string): AttackFacts {
  const [home, workspace, state, outside] = ['home', 'workspace', 'state', 'outside'].map((name) => join(root, name)) as [
    string,
    string,
    string,
    string,
  ];
  return {
    ...{ root, home, workspace, read: `${workspace}/read`, readFile: `${workspace}/read/note.txt`, write: `${workspace}/write` },
    ...{ privateKey: `${home}/.ssh/id_ed25519`, hostConfig: `${home}/.config/outrigger/outrigger.yaml`, cache: join(root, 'cache') },
    ...{ lockFile: `${home}/.config/outrigger/outrigger.lock.json`, stateFolder: state, storeFile: `${state}/store/other/main.mjs` },
    ...{ otherData: `${state}/data/other/notes.json`, outsideFolder: outside, outsideFile: `${outside}/secret.txt` },
    ...{ outsideModule: `${outside}/module.cjs`, outsideDatabase: `${outside}/notes.db`, outsideEnvironment: `${outside}/tokens.env` },
    ...{ outsideSocket: `${root}/sockets/host.sock`, grantedSocket: `${workspace}/agent/agent.sock`, abstractSocket: `outrigger-${mark}` },
    sharedTemporary: join(realpathSync(tmpdir()), `outrigger-planted-${mark}`),
    ...{
      leftBehind: `outrigger-left-behind-${mark}`,
      descriptorMark: 'descriptor-secret',
      hasStray: existsSync(STRAY_SHELL),
      canaryName: `OUTRIGGER_CANARY_${mark}`,
    },
    ...{ sharedMemory: makeSharedMemory(), posixMemory: makePosixMemory(mark, token) },
    ...machineFacts(),
  };
}

function machineFacts(): Pick<AttackFacts, 'hostName' | 'hostUser' | 'hostHome' | 'hostUsers' | 'lanAddress' | 'namespaces'> {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const passwd = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8').trim().split('\n') : [];
  const { username } = userInfo();
  return {
    hostName: hostname(),
    hostUser: username,
    hostHome: homedir(),
    hostUsers: passwd.map((line) => line.split(':')[0] ?? ''),
    lanAddress: addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? null,
    namespaces: Object.fromEntries(['user', 'net', 'ipc', 'pid', 'mnt', 'uts', 'cgroup'].map((name) => [name, namespaceOf(name)])),
  };
}

function namespaceOf(name: string): string {
  try {
    return readlinkSync(`/proc/self/ns/${name}`);
  } catch {
    return '';
  }
}

function filesOf(facts: AttackFacts, token: string): [path: string, text: string, mode?: number][] {
  return [
    [facts.privateKey, `-----BEGIN OPENSSH PRIVATE KEY-----\n${token}\n`, 0o600],
    [`${facts.home}/.bashrc`, '# shell\n'],
    [`${facts.home}/.config/autostart/agent.desktop`, '[Desktop Entry]\n'],
    [`${facts.home}/.config/systemd/user/agent.service`, '[Unit]\n'],
    [facts.hostConfig, `# ${token}\nplugins: {}\n`],
    [facts.lockFile, '{}\n'],
    [facts.storeFile, `// ${token}\n`],
    [facts.otherData, JSON.stringify({ token })],
    [facts.readFile, 'granted for reading\n'],
    [`${facts.workspace}/.git/hooks/sample`, '#!/bin/sh\n', 0o755],
    [facts.outsideFile, `outside ${token}\n`, 0o666],
    [facts.outsideModule, `exports.mark = '${token}';\n`, 0o666],
    [facts.outsideEnvironment, `OUTSIDE_TOKEN=${token}\n`, 0o666],
    [`${facts.cache}/compiled/other.blob`, 'compiled\n'],
  ];
}

function makeDatabase(path: string, token: string): void {
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
  const database = new DatabaseSync(path);
  database.exec(`CREATE TABLE notes (text); INSERT INTO notes VALUES ('${token}')`);
  database.close();
}

/** A segment that everybody may use; null where the machine cannot make one. */
function makeSharedMemory(): number | null {
  const { status, stdout } = spawnSync('ipcmk', ['-M', '4096', '-p', '0666'], { encoding: 'utf8' });
  const id = status === 0 ? /(\d+)\s*$/.exec(stdout)?.[1] : undefined;
  return id === undefined ? null : Number(id);
}

function makePosixMemory(mark: string, token: string): string | null {
  if (!existsSync('/dev/shm')) return null;
  const path = `/dev/shm/outrigger-canary-${mark}`;
  writeFileSync(path, `shared ${token}\n`, { mode: 0o666 });
  return path;
}
