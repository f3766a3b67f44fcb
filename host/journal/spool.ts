import { join } from 'node:path';
import type { Config } from '@outrigger/schemas';
import { DatabaseThread, type Problem } from './database-thread.ts';
import { maxAgeMs } from './journal.ts';
import { MAX_ASIDE } from './spool-tables.ts';
import type { SpoolItem, SpoolOp, SpoolResults, Waiting } from './types.ts';

export interface SpoolOptions {
  readonly dataDir: string;
  /** Whose spool it is: one host at a time has it open. */
  readonly owner: string;
  readonly settings: Config['journal'];
  readonly onProblem: (message: string) => void;
}

export interface SpoolStats extends Waiting {
  /** Events that had to go because too many waited, since this host started. */
  readonly dropped: number;
  /** Events that could not be kept, since this host started. */
  readonly lost: number;
}

type Results<D extends SpoolOp['do']> = Promise<SpoolResults[D]>;

const MAX_EVENTS = 10_000;
const MAX_BYTES = 64 * 1024 * 1024;
const NOTHING: Waiting = { events: 0, bytes: 0 };
/** Operations without a text of their own. */
const SMALL = 64;
const AGAIN_MS = 1000;

/** Events on disk that wait for plugins, each with its number; what was kept survives the host. */
export class Spool {
  readonly file: string;
  readonly #thread: DatabaseThread;
  readonly #refuses: boolean;
  readonly #maxEvents: number;
  readonly #maxBytes: number;
  readonly #waiting: Map<string, Waiting> = new Map();
  readonly #arriving: Map<string, Waiting> = new Map();
  readonly #retries: Set<NodeJS.Timeout> = new Set();
  /** Events that were set aside and are kept for people to look at. */
  readonly #aside: Map<string, number> = new Map();
  #dropped = 0;
  #lost = 0;

  constructor({ dataDir, owner, settings, onProblem }: SpoolOptions) {
    const { maxEvents = MAX_EVENTS, maxBytes = MAX_BYTES, whenFull = 'drop-oldest' } = settings?.spool ?? {};
    this.file = join(dataDir, `spool-${owner}.db`);
    this.#refuses = whenFull === 'refuse';
    this.#maxEvents = maxEvents;
    this.#maxBytes = maxBytes;
    this.#thread = new DatabaseThread({
      data: { kind: 'spool', file: this.file, bounds: { maxAgeMs: maxAgeMs(settings), maxBytes, maxEvents } },
      onProblem: (reason) => onProblem(`Cannot keep events for plugins in "${this.file}": ${reason}`),
    });
  }

  /** What waits from earlier; to be read before anything is asked of `isFull`. Rejects with the reason when the file cannot be used. */
  async load(): Promise<Readonly<Record<string, Waiting & { readonly aside: number }>>> {
    const waiting = await this.#ask({ do: 'waiting' }, SMALL);
    for (const [plugin, { aside, ...of }] of Object.entries(waiting)) {
      this.#waiting.set(plugin, of);
      this.#aside.set(plugin, aside);
    }
    return waiting;
  }

  stats(): SpoolStats {
    const all = [...this.#waiting.values(), ...this.#arriving.values()];
    const sum = (of: keyof Waiting): number => all.reduce((total, one) => total + one[of], 0);
    return { events: sum('events'), bytes: sum('bytes'), dropped: this.#dropped, lost: this.#lost };
  }

  /** What waits for one plugin. */
  of(plugin: string): Waiting & { readonly aside: number } {
    const kept = this.#waiting.get(plugin) ?? NOTHING;
    const coming = this.#arriving.get(plugin) ?? NOTHING;
    return { events: kept.events + coming.events, bytes: kept.bytes + coming.bytes, aside: this.#aside.get(plugin) ?? 0 };
  }

  /** What its files take on disk, as far as is known. */
  get fileBytes(): number {
    return this.#thread.bytes;
  }

  get lastProblem(): Problem | undefined {
    return this.#thread.lastProblem;
  }

  /** True: one more event for this plugin is to be refused, because the oldest is not to be dropped for it. */
  isFull(plugin: string): boolean {
    if (!this.#refuses) return false;
    const { events, bytes } = this.of(plugin);
    return events >= this.#maxEvents || bytes >= this.#maxBytes;
  }

  /** Settles when the event is kept, with how many older ones had to go for it; rejects with the reason when it is not. */
  async append(plugin: string, item: Pick<SpoolItem, 'hook' | 'event' | 'body'>): Promise<number> {
    const bytes = item.body.length;
    this.#arrive(plugin, 1, bytes);
    try {
      const { dropped, waiting } = await this.#ask({ do: 'append', plugin, ...item }, bytes);
      this.#waiting.set(plugin, waiting);
      this.#dropped += dropped;
      return dropped;
    } catch (error) {
      this.#lost += 1;
      throw error;
    } finally {
      this.#arrive(plugin, -1, -bytes);
    }
  }

  read(plugin: string, after: number, limit: number): Results<'read'> {
    return this.#ask({ do: 'read', plugin, after, limit }, SMALL);
  }

  /** The plugin has it: it is forgotten, as soon as the disk lets it. */
  settle(plugin: string, seq: number): void {
    this.#insist(plugin, { do: 'settle', seq });
  }

  /** It is not tried again, but kept for people to look at. */
  setAside(plugin: string, seq: number, reason: string): void {
    this.#insist(plugin, { do: 'set-aside', seq, reason });
  }

  /** One more call failed by the plugin's fault. */
  blame(seq: number): void {
    this.#thread.post({ do: 'blame', seq }, SMALL);
  }

  async close(): Promise<void> {
    for (const timer of this.#retries) clearTimeout(timer);
    await this.#thread.close();
  }

  /** Until it is done: the same event would come again at the next start. */
  #insist(plugin: string, op: Extract<SpoolOp, { do: 'settle' | 'set-aside' }>): void {
    this.#ask(op, SMALL).then(
      (waiting) => {
        // It was too old meanwhile, and perhaps others too.
        if (waiting === undefined) return void this.load().catch(() => undefined);
        this.#waiting.set(plugin, waiting);
        if (op.do === 'set-aside') this.#aside.set(plugin, Math.min(MAX_ASIDE, (this.#aside.get(plugin) ?? 0) + 1));
      },
      () => {
        const timer = setTimeout(() => {
          this.#retries.delete(timer);
          this.#insist(plugin, op);
        }, AGAIN_MS).unref();
        this.#retries.add(timer);
      },
    );
  }

  #arrive(plugin: string, events: number, bytes: number): void {
    const before = this.#arriving.get(plugin) ?? NOTHING;
    this.#arriving.set(plugin, { events: before.events + events, bytes: before.bytes + bytes });
  }

  #ask<O extends SpoolOp>(op: O, chars: number): Results<O['do']> {
    return this.#thread.ask(op, chars) as Results<O['do']>;
  }
}
