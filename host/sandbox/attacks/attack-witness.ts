import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type ListenOptions, type Server } from 'node:net';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { type Fixtures, layTree, watchedTrees } from './attack-fixtures.ts';

/** What the attacks are told of the living parts of a run. */
export interface WitnessFacts {
  readonly hostPid: number;
  readonly victimPid: number;
  readonly tcpPort: number;
  readonly httpPort: number;
  readonly udpPort: number;
}

type Snapshot = ReadonlyMap<string, string>;

const MAX_HASHED = 1 << 16;

/** Sees on the host what an attack did: files changed, servers reached, processes hurt or left behind. */
export class Witness {
  readonly #fixtures: Fixtures;
  readonly #servers: (Server | Socket)[] = [];
  readonly #seen: string[] = [];
  readonly #onSignal = (): void => void this.#seen.push('the host got its signal');
  #victim: ChildProcess | undefined;
  #ports = { tcpPort: 0, httpPort: 0, udpPort: 0 };
  #before: Snapshot = new Map();
  #attachedAt = '';

  constructor(fixtures: Fixtures) {
    this.#fixtures = fixtures;
  }

  /** Starts the servers that no plugin may reach, and listens for signals. */
  async open(): Promise<void> {
    process.on('SIGUSR2', this.#onSignal);
    const { facts } = this.#fixtures;
    const tcp = await this.#listen({ host: '127.0.0.1', port: 0 }, 'a TCP server');
    // The same port, so that an attack needs to know one only.
    if (facts.lanAddress !== null) await this.#listen({ host: facts.lanAddress, port: tcp }, 'a TCP server').catch(() => 0);
    // Left by a host that an attack ended.
    for (const path of [facts.outsideSocket, facts.grantedSocket]) rmSync(path, { force: true });
    for (const path of [facts.outsideSocket, facts.grantedSocket, `\0${facts.abstractSocket}`])
      await this.#listen({ path }, 'a Unix socket');
    this.#ports = { tcpPort: tcp, httpPort: await this.#listenHttp(), udpPort: await this.#listenUdp() };
  }

  /** Makes everything as it was before the first attack, and remembers it. */
  begin(): WitnessFacts {
    const { facts } = this.#fixtures;
    if (this.#victim === undefined || !isWell(this.#victim)) this.#replaceVictim();
    if (readdirSync(facts.write).length > 0) layTree(this.#fixtures);
    this.#seen.length = 0;
    this.#before = this.#snapshot();
    this.#attachedAt = this.#sharedMemory();
    return { hostPid: process.pid, victimPid: this.#victim?.pid ?? 0, ...this.#ports };
  }

  /** What was seen since `begin()`, one clause each. `output` is everything the attack wrote. */
  async end(output: string): Promise<string[]> {
    // Connections that are made and closed again reach this process a moment later.
    await new Promise((resolve) => setTimeout(resolve, 15));
    const changed = changes(this.#before, this.#snapshot());
    const evidence = [
      ...(output.includes(this.#fixtures.token) ? ['a secret was read'] : []),
      ...new Set(this.#seen),
      ...(this.#victim !== undefined && isWell(this.#victim) ? [] : ['the victim was hurt']),
      ...changed.map((path) => `changed: ${path}`),
      ...this.#dangerous(),
      ...this.#leftBehind(),
      ...(this.#sharedMemory() === this.#attachedAt ? [] : ['the shared memory was attached']),
    ];
    if (changed.length > 0) layTree(this.#fixtures);
    return evidence;
  }

  /** Ends the servers and the victim. Idempotent. */
  close(): void {
    process.off('SIGUSR2', this.#onSignal);
    this.#victim?.kill('SIGKILL');
    this.#leftBehind();
    for (const server of this.#servers.splice(0)) server.close();
  }

  async #listen(options: ListenOptions, what: string): Promise<number> {
    const server = createServer((channel) => {
      this.#seen.push(`${what} of the host was reached`);
      channel.on('error', () => {}).end('hello from the host\n');
    });
    return this.#started(server, options);
  }

  async #listenHttp(): Promise<number> {
    const server = createHttpServer((_request, response) => void response.end('hello from the host\n'));
    server.on('connection', () => this.#seen.push('an HTTP server of the host was reached'));
    server.on('upgrade', (_request, channel) => channel.destroy());
    return this.#started(server, { host: '127.0.0.1', port: 0 });
  }

  async #started(server: Server, options: ListenOptions): Promise<number> {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(options, resolve));
    this.#servers.push(server);
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async #listenUdp(): Promise<number> {
    const server = createSocket('udp4').on('message', () => this.#seen.push('a UDP server of the host was reached'));
    await new Promise<void>((resolve, reject) => server.once('error', reject).bind(0, '127.0.0.1', resolve));
    this.#servers.push(server);
    return server.address().port;
  }

  #replaceVictim(): void {
    this.#victim?.kill('SIGKILL');
    this.#victim = spawn('/bin/sleep', ['600'], { stdio: 'ignore', detached: true });
  }

  #snapshot(): Snapshot {
    const { facts } = this.#fixtures;
    const found = new Map<string, string>();
    for (const path of watchedTrees(facts)) walk(path, found);
    if (existsSync(facts.sharedTemporary)) found.set(facts.sharedTemporary, 'there');
    rmSync(facts.sharedTemporary, { force: true });
    return found;
  }

  /** What must never lie in a folder that a plugin may write. */
  #dangerous(): string[] {
    const found: string[] = [];
    for (const name of readdirSync(this.#fixtures.facts.write).slice(0, 1000)) {
      const stat = lstatSync(join(this.#fixtures.facts.write, name));
      if (stat.isBlockDevice() || stat.isCharacterDevice()) found.push(`a device was left: ${name}`);
      if (stat.isFile() && (stat.mode & 0o6000) !== 0) found.push(`a file with mode ${(stat.mode & 0o7777).toString(8)} was left: ${name}`);
    }
    return found;
  }

  /** Processes that outlived their plugin; they are ended. */
  #leftBehind(): string[] {
    const { leftBehind } = this.#fixtures.facts;
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && commandOf(name).startsWith(leftBehind));
    for (const pid of pids) process.kill(Number(pid), 'SIGKILL');
    return pids.length > 0 ? ['a process was left behind'] : [];
  }

  /** When the segment was attached last, as the kernel has it. */
  #sharedMemory(): string {
    const { sharedMemory } = this.#fixtures.facts;
    if (sharedMemory === null) return '';
    const line = readFileSync('/proc/sysvipc/shm', 'utf8')
      .split('\n')
      .find((text) => text.trim().split(/\s+/)[1] === String(sharedMemory));
    return line?.trim().split(/\s+/)[11] ?? '';
  }
}

/** The victim lives, with the priority and the chances that it was given. */
function isWell({ pid, exitCode, signalCode }: ChildProcess): boolean {
  if (pid === undefined || exitCode !== null || signalCode !== null) return false;
  try {
    const [state] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1] ?? 'Z';
    return state === 'S' && getPriority(pid) === getPriority() && readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8').trim() !== '500';
  } catch {
    return false;
  }
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // It has ended.
    return '';
  }
}

function walk(path: string, found: Map<string, string>): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  const facts = [stat.mode, stat.uid, stat.nlink, stat.mtimeMs];
  if (stat.isSymbolicLink()) found.set(path, `${facts} ${readlinkSync(path)}`);
  else if (stat.isFile()) found.set(path, `${facts} ${stat.size} ${stat.size <= MAX_HASHED ? digest(path) : ''}`);
  else found.set(path, String(stat.mode));
  if (stat.isDirectory()) for (const name of readdirSync(path)) walk(join(path, name), found);
}

function digest(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

function changes(before: Snapshot, after: Snapshot): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).slice(0, 5);
}
