import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Customer, type Emitter } from './customer.ts';
import { SocketClient } from './socket-client.ts';
import type { Fired } from './types.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const PYTHON_SDK = fileURLToPath(new URL('../../../sdk/python', import.meta.url));
const PER_PROCESS = 6;
const PACE_MS = 500;

export interface CrowdOptions {
  readonly folder: string;
  readonly socket: string;
  /** In the environment of each process. */
  readonly mark: string;
  readonly random: () => number;
  readonly clients: number;
  readonly isPythonHere: boolean;
}

/** A process with some of the clients. */
interface Party {
  readonly language: 'typescript' | 'python';
  readonly seats: readonly number[];
  child: ChildProcess;
  lines: Interface;
}

/** One client on a socket of this process. */
interface Loner {
  readonly seat: number;
  customer: Customer | undefined;
  client: SocketClient | undefined;
}

/** The clients of the daemon: in processes of two languages, and on bare sockets. Who is killed is replaced by somebody of another name. */
export class Crowd {
  readonly #options: CrowdOptions;
  readonly #parties: Party[] = [];
  readonly #loners: Loner[] = [];
  readonly #outcomes: string;
  #names = 0;
  #isOver = false;

  constructor(options: CrowdOptions) {
    this.#options = options;
    this.#outcomes = join(options.folder, 'outcomes');
    mkdirSync(this.#outcomes, { recursive: true });
  }

  /** Two thirds in TypeScript, a fifth in Python, the others on bare sockets. */
  async open(): Promise<void> {
    const { clients, isPythonHere } = this.#options;
    const seats = Array.from({ length: clients }, (_, seat) => seat);
    const inPython = isPythonHere ? Math.floor(clients / 5) : 0;
    const bare = Math.ceil(clients / 8);
    const shares = [seats.slice(bare + inPython), seats.slice(bare, bare + inPython)] as const;
    const parties = (['typescript', 'python'] as const).flatMap((language, at) => {
      const share = shares[at] ?? [];
      return Array.from({ length: Math.ceil(share.length / PER_PROCESS) }, (_, part) =>
        this.#start(language, share.slice(part * PER_PROCESS, (part + 1) * PER_PROCESS)),
      );
    });
    this.#loners.push(...seats.slice(0, bare).map((seat) => ({ seat, customer: undefined, client: undefined })));
    for (const loner of this.#loners) void this.#seatLoner(loner);
    this.#parties.push(...(await Promise.all(parties)));
  }

  /** Settles when no event of anybody is in flight. */
  async pause(): Promise<void> {
    await Promise.all([...this.#parties.map((party) => tell(party, 'pause')), ...this.#loners.map(({ customer }) => customer?.pause())]);
  }

  async goOn(): Promise<void> {
    for (const { customer } of this.#loners) customer?.goOn();
    await Promise.all(this.#parties.map((party) => tell(party, 'go on')));
  }

  /** SIGKILL for one process, and others in its place. */
  async killParty(): Promise<void> {
    const party = this.#parties[Math.floor(this.#options.random() * this.#parties.length)] as Party;
    party.child.kill('SIGKILL');
    await once(party.child, 'exit');
    const { child, lines } = await this.#start(party.language, party.seats);
    Object.assign(party, { child, lines });
  }

  /** A socket is cut, perhaps in the middle of a message. */
  async cutLoner(): Promise<void> {
    const { random } = this.#options;
    const loner = this.#loners[Math.floor(random() * this.#loners.length)] as Loner;
    loner.customer?.leave();
    if (random() < 0.5) loner.client?.socket.write('{"jsonrpc":"2.0","id":7,"method":"em');
    loner.client?.close();
    await this.#seatLoner(loner);
  }

  /** Ends them; what is in flight is cancelled. */
  async close(): Promise<void> {
    this.#isOver = true;
    for (const { customer, client } of this.#loners) {
      customer?.leave();
      client?.close();
    }
    const ends = this.#parties.map(({ child }) => (child.exitCode === null && child.signalCode === null ? once(child, 'exit') : []));
    for (const { child } of this.#parties) child.stdin?.end();
    await Promise.all(ends);
  }

  /** Whatever has happened, nothing of it runs afterwards. */
  clear(): void {
    for (const { child } of this.#parties) child.kill('SIGKILL');
  }

  async #start(language: Party['language'], seats: readonly number[]): Promise<Party> {
    const { folder, mark, random, socket } = this.#options;
    const names = seats.map((seat) => this.#nameOf(language, seat));
    const words = [socket, join(this.#outcomes, `${names[0]}`), String(Math.floor(random() * 1e9)), String(PACE_MS), ...names];
    const [command, args] =
      language === 'python'
        ? (['python3', ['-u', join(HERE, 'client_process.py'), ...words]] as const)
        : ([process.execPath, ['--conditions=@outrigger/source', join(HERE, 'client-process.ts'), ...words]] as const);
    const env = { PATH: process.env['PATH'], HOME: '/', SOAK_CLIENT: mark, PYTHONPATH: PYTHON_SDK, PYTHONDONTWRITEBYTECODE: '1' };
    const child = spawn(command, args, { cwd: '/', env, stdio: ['pipe', 'pipe', 'pipe'] });
    child.stderr.on('data', (text) => appendFileSync(join(folder, 'clients.log'), `${names[0]}: ${text}`));
    child.stdin.on('error', () => {});
    const party = { language, seats, child, lines: createInterface({ input: child.stdout }) };
    const isReady = await Promise.race([once(party.lines, 'line').then(() => true), once(child, 'exit').then(() => false)]);
    if (!isReady) throw new Error(`A client in ${language} has ended: see clients.log`);
    return party;
  }

  async #seatLoner(loner: Loner): Promise<void> {
    const { random, socket } = this.#options;
    const name = this.#nameOf('bare', loner.seat);
    const file = join(this.#outcomes, name);
    const write = (fired: Fired): void => appendFileSync(file, `${JSON.stringify(fired)}\n`);
    loner.client = await openUntilThere(socket, () => this.#isOver);
    const emitter = bareEmitter(async () => {
      if (loner.client?.socket.destroyed) loner.client = await openUntilThere(socket, () => this.#isOver);
      return loner.client;
    });
    loner.customer = new Customer({ name, emitter, random, paceMs: PACE_MS, write });
    void loner.customer.run();
  }

  #nameOf(kind: string, seat: number): string {
    return `${kind}-${seat}-${this.#names++}`;
  }
}

async function openUntilThere(socket: string, isOver: () => boolean): Promise<SocketClient | undefined> {
  while (!isOver()) {
    const client = await SocketClient.open(socket).catch(() => undefined);
    if (client !== undefined) return client;
    await wait(100);
  }
  return undefined;
}

function bareEmitter(connected: () => Promise<SocketClient | undefined>): Emitter {
  const ask = async (method: string, params: object): Promise<Record<string, unknown>> => (await connected())?.ask(method, params) ?? {};
  return {
    emit: (hook, payload) => ask('emit', { hook, payload }),
    inOperation: async (emits) => {
      const operation = crypto.randomUUID();
      await emits((hook, payload) => ask('emit', { hook, payload, operation }));
      await ask('operation/end', { operation });
    },
    inSession: async (emits) => {
      const { id: session } = await ask('session/open', {});
      await emits((hook, payload) => ask('emit', { hook, payload, session }));
      await ask('session/close', { session });
    },
  };
}

/** It says the word back when it has done it. */
async function tell({ child, lines }: Party, word: string): Promise<void> {
  const done = once(lines, 'line').then(() => true);
  child.stdin?.write(`${word}\n`);
  const hasEnded = child.exitCode !== null || child.signalCode !== null;
  if (hasEnded || !(await Promise.race([done, once(child, 'exit').then(() => false)])))
    throw new Error('A process with clients has ended by itself: see clients.log');
}
