import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitUntil } from '../../support/wait-until.ts';
import { alive, type Known, marked } from './processes.ts';
import { SocketClient } from './socket-client.ts';
import type { MemoryPoint, Reign } from './types.ts';

const MAIN = fileURLToPath(new URL('../../../host/cli/main.ts', import.meta.url));
const REPORT = new URL('report-memory.mjs', import.meta.url).href;

/** `outrigger up`, killed and started again as often as somebody likes. */
export class SoakDaemon {
  readonly socket: string;
  readonly reigns: Reign[] = [];
  /** Processes that outlived a daemon that was killed, by more than they may. */
  readonly orphans: Known[] = [];
  readonly #folder: string;
  readonly #mark: string;
  #child: ChildProcess | undefined;
  #control: SocketClient | undefined;
  #log = '';

  constructor(folder: string, mark: string) {
    this.#folder = folder;
    this.#mark = mark;
    this.socket = join(folder, 'd.sock');
  }

  async start(): Promise<void> {
    const args = ['--expose-gc', '--import', REPORT, '--conditions=@outrigger/source', MAIN, 'up', '--http', '0'];
    const child = spawn(process.execPath, args, { cwd: this.#folder, env: this.#env(), stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      this.#log += text;
      appendFileSync(join(this.#folder, 'daemon.log'), text);
    });
    await waitUntil(() => log.includes('"daemon serves"') || hasEnded(child), 'the daemon to serve', 60_000);
    if (hasEnded(child)) throw new Error(`The daemon has ended: ${log.slice(-2000)}`);
    this.reigns.push({ pid: child.pid as number, from: Date.now(), to: Number.POSITIVE_INFINITY, isKilled: false });
    this.#control = await SocketClient.open(this.socket);
  }

  /** SIGKILL; settles when what it had started is gone too, or counted as orphans. */
  async kill(): Promise<void> {
    const below = marked(this.#mark);
    const [child, reign] = [this.#child as ChildProcess, this.reigns.at(-1) as Reign];
    reign.isKilled = true;
    reign.to = Date.now();
    child.kill('SIGKILL');
    await exitOf(child);
    this.#control?.close();
    await waitUntil(() => alive(below, this.#mark).length === 0, 'the plugins to be gone').catch(() =>
      this.orphans.push(...alive(below, this.#mark)),
    );
  }

  /** SIGTERM; the exit code. */
  async stop(): Promise<number | null> {
    const [child, reign] = [this.#child as ChildProcess, this.reigns.at(-1) as Reign];
    child.kill('SIGTERM');
    await exitOf(child);
    reign.to = Date.now();
    this.#control?.close();
    return child.exitCode;
  }

  /** Whatever has happened, nothing of it runs afterwards. */
  clear(): void {
    this.#child?.kill('SIGKILL');
    for (const { pid } of marked(this.#mark)) process.kill(pid, 'SIGKILL');
  }

  ask(method: string, params: object = {}): Promise<Record<string, unknown>> {
    if (this.#control === undefined) throw new Error('The daemon was never started');
    return this.#control.ask(method, params);
  }

  /** What of the daemon's log says that something went wrong, one message each. */
  problems(): { level: string; message: string; [more: string]: unknown }[] {
    const lines = this.#log.trimEnd().split('\n');
    return lines.flatMap((line) => {
      try {
        const entry = JSON.parse(line) as { level: string; message: string };
        return entry.level === 'warn' || entry.level === 'error' ? [entry] : [];
      } catch {
        return [{ level: 'error', message: `no JSON: ${line}` }];
      }
    });
  }

  /** Locks and sockets that are there. */
  leftovers(): string[] {
    const run = join(this.#folder, 'run', 'outrigger');
    return [...(existsSync(run) ? readdirSync(run) : []), ...(existsSync(this.socket) ? ['d.sock'] : [])];
  }

  async memory(): Promise<MemoryPoint> {
    const { events } = await this.ask('status');
    const read = (): string[] => (existsSync(this.#memoryFile) ? readFileSync(this.#memoryFile, 'utf8').trimEnd().split('\n') : []);
    const before = read().length;
    this.#child?.kill('SIGUSR2');
    await waitUntil(() => read().length > before, 'the daemon to tell its memory', 30_000);
    const { rss, heapUsed, external } = JSON.parse(read().at(-1) as string) as NodeJS.MemoryUsage;
    return { at: Date.now(), events: Number(events), rssKb: Math.round(rss / 1024), liveKb: Math.round((heapUsed + external) / 1024) };
  }

  async metrics(): Promise<string> {
    const { addresses } = (await this.ask('status')) as { addresses: readonly string[] };
    const page = addresses.find((address) => address.startsWith('http'));
    return (await fetch(new URL('/metrics', page))).text();
  }

  get #memoryFile(): string {
    return join(this.#folder, 'memory');
  }

  #env(): Record<string, string> {
    return {
      HOME: join(this.#folder, 'home'),
      PATH: process.env['PATH'] ?? '',
      XDG_RUNTIME_DIR: join(this.#folder, 'run'),
      OUTRIGGER_SOCKET: this.socket,
      SOAK_MARK: this.#mark,
      SOAK_MEMORY: this.#memoryFile,
    };
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function exitOf(child: ChildProcess): Promise<void> {
  if (!hasEnded(child)) await once(child, 'exit');
}
