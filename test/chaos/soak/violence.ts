import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Crowd } from './crowd.ts';
import type { SoakDaemon } from './daemon.ts';
import { type Ground, type Member, placePlugin } from './fleet.ts';

export interface ViolenceOptions {
  readonly ground: Ground;
  readonly members: readonly Member[];
  readonly daemon: SoakDaemon;
  readonly crowd: Crowd;
  readonly random: () => number;
}

interface Status {
  readonly plugins: readonly { readonly name: string; readonly state: string; readonly pid?: number }[];
}

type Entry = Record<string, unknown>;

/** What each kind of violence is likely to be. */
const SHARES = {
  'plugin killed': 26,
  'plugin stopped and continued': 5,
  'plugin told to end': 5,
  'plugin restarted': 6,
  'plugin reloaded': 14,
  'config changed': 16,
  'config broken': 4,
  'plugin written anew': 8,
  'plugin folder replaced': 5,
  'client process killed': 4,
  'socket cut': 7,
} as const;

export type Kind = keyof typeof SHARES | 'daemon killed';

/** Does harm at random, one thing at a time, and counts it. */
export class Violence {
  readonly done: Partial<Record<Kind, number>> = {};
  /** Pids that got SIGKILL, in order. */
  readonly killed: { readonly plugin: string; readonly pid: number; readonly at: number }[] = [];
  readonly #options: ViolenceOptions;
  readonly #entries: Record<string, Entry>;

  constructor(options: ViolenceOptions) {
    this.#options = options;
    this.#entries = Object.fromEntries(options.members.map(({ name }) => [name, { path: `./plugins/${name}`, trust: 'full' }]));
    this.#writeConfig();
  }

  /** Until then, with a pause of up to so many milliseconds in between. */
  async rage(until: number, pauseMs: number): Promise<void> {
    while (Date.now() < until) {
      await wait(this.#options.random() * pauseMs);
      await this.#once();
    }
  }

  async killDaemon(): Promise<void> {
    const { daemon, random } = this.#options;
    await daemon.kill();
    // Somebody has to notice first.
    await wait(random() * 500);
    await daemon.start();
    this.#count('daemon killed');
  }

  /** Nothing is disabled, broken or quarantined any more. */
  async makePeace(): Promise<void> {
    for (const entry of Object.values(this.#entries)) entry['enabled'] = true;
    this.#writeConfig();
    await this.#options.daemon.ask('reload');
    for (const { name, state } of await this.#plugins())
      if (state === 'quarantined') await this.#options.daemon.ask('plugins/restart', { plugin: name }).catch(ignore);
  }

  async #once(): Promise<void> {
    const { crowd, daemon } = this.#options;
    const kind = this.#pick();
    const member = this.#any(this.#options.members);
    const { state, pid } = (await this.#plugins()).find(({ name }) => name === member.name) ?? {};
    const plugin = member.name;
    if (state === 'quarantined') {
      this.#count('plugin restarted');
      await daemon.ask('plugins/restart', { plugin }).catch(ignore);
      return;
    }
    const acts: Record<keyof typeof SHARES, () => unknown> = {
      'plugin killed': () => pid !== undefined && this.#kill(plugin, pid),
      'plugin stopped and continued': () => pid !== undefined && this.#stun(pid),
      'plugin told to end': () => pid !== undefined && hit(pid, 'SIGTERM'),
      'plugin restarted': () => daemon.ask('plugins/restart', { plugin }).catch(ignore),
      'plugin reloaded': () => daemon.ask('reload', { plugins: [plugin] }).catch(ignore),
      'config changed': () => this.#changeConfig(member),
      'config broken': () => this.#breakConfig(),
      'plugin written anew': () => placePlugin(this.#options.ground, member),
      'plugin folder replaced': () => this.#replaceFolder(member),
      'client process killed': () => crowd.killParty(),
      'socket cut': () => crowd.cutLoner(),
    };
    if ((await acts[kind]()) !== false) this.#count(kind);
  }

  #kill(plugin: string, pid: number): boolean {
    if (!hit(pid, 'SIGKILL')) return false;
    this.killed.push({ plugin, pid, at: Date.now() });
    return true;
  }

  /** Longer than a call may take, now and then. */
  async #stun(pid: number): Promise<void> {
    hit(pid, 'SIGSTOP');
    await wait(this.#options.random() * 4000);
    hit(pid, 'SIGCONT');
  }

  /** Those that must get every event stay enabled, in the mode that does that. */
  #changeConfig({ name, hook, isSure, mode }: Member): void {
    const { random } = this.#options;
    const entry = this.#entries[name] as Entry;
    const modes = mode === 'sequential' || mode === 'transform' ? ['sequential', 'transform'] : [mode];
    entry['hooks'] = { [hook]: { priority: Math.floor(random() * 100), ...(isSure ? {} : { mode: this.#any(modes) }) } };
    if (!isSure) entry['enabled'] = random() < 0.75;
    this.#writeConfig();
  }

  async #breakConfig(): Promise<void> {
    writeFileSync(
      this.#configFile,
      this.#any(['{"plugins": 7}', '{"plugins"', '', '{"catalogs": ["./nowhere"]}', '{"dataDir": "/elsewhere"}']),
    );
    await wait(this.#options.random() * 1000);
    this.#writeConfig();
  }

  async #replaceFolder(member: Member): Promise<void> {
    const { folder } = this.#options.ground;
    const [place, next, old] = ['', '.next', '.old'].map((end) => join(folder, 'plugins', `${member.name}${end}`)) as [
      string,
      string,
      string,
    ];
    placePlugin(this.#options.ground, member, next);
    renameSync(place, old);
    await wait(this.#options.random() * 500);
    renameSync(next, place);
    rmSync(old, { recursive: true, force: true });
  }

  #writeConfig(): void {
    // Others may look while it is half written.
    const config = { catalogs: ['./catalog'], dataDir: './data', journal: { maxBytes: 2 ** 31 }, plugins: this.#entries };
    writeFileSync(`${this.#configFile}.new`, JSON.stringify(config, undefined, 2));
    renameSync(`${this.#configFile}.new`, this.#configFile);
  }

  get #configFile(): string {
    return join(this.#options.ground.folder, 'outrigger.json');
  }

  async #plugins(): Promise<Status['plugins']> {
    return ((await this.#options.daemon.ask('status')) as unknown as Status).plugins;
  }

  #pick(): keyof typeof SHARES {
    const lots = Object.entries(SHARES).flatMap(([kind, share]) => Array.from({ length: share }, () => kind as keyof typeof SHARES));
    return this.#any(lots);
  }

  #any<T>(all: readonly T[]): T {
    return all[Math.floor(this.#options.random() * all.length)] as T;
  }

  #count(kind: Kind): void {
    this.done[kind] = (this.done[kind] ?? 0) + 1;
  }
}

/** False: nobody was there any more. */
function hit(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** Refusals are the daemon's business; what they do to events is counted at the end. */
function ignore(): void {}
