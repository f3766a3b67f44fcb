import type { Writable } from 'node:stream';
import { type LiveMessages, MAX_PAGES, MAX_UNREAD_BYTES } from './types.ts';

/** How often a page is told how things are, and lines are sent on, in milliseconds. */
const BEAT_MS = 250;
/** Beats between two looks at the status while nothing happens. */
const QUIET_BEATS = 4;

export interface LiveFeedOptions {
  readonly status: () => LiveMessages['status'];
  readonly plans: () => LiveMessages['plans'];
  /** Default `MAX_PAGES`. */
  readonly maxPages?: number;
  /** Default `MAX_UNREAD_BYTES`. */
  readonly maxUnreadBytes?: number;
}

interface Page {
  readonly stream: Writable;
  /** The plans it was told of last, as text. */
  plans: string;
  /** Lines it did not get and was not told of yet. */
  lost: number;
}

interface Beat {
  readonly text: string;
  readonly plans: string;
  readonly lines: number;
  readonly skipped: number;
}

type Lines = Pick<LiveMessages, 'events' | 'log'>;

/**
 * Tells open pages what happens, as server-sent events. Lines are gathered for a moment and go out together, so that a page
 * costs the same however much happens; a page that does not read loses lines, and is told how many: nothing waits for it in memory.
 */
export class LiveFeed {
  readonly #options: LiveFeedOptions;
  readonly #pages: Set<Page> = new Set();
  #waiting: { [K in keyof Lines]: Lines[K][number][] } = { events: [], log: [] };
  #skipped = 0;
  #timer: NodeJS.Timeout | undefined;
  #beats = 0;
  /** Lines that pages did not get, since the daemon began. */
  lost = 0;

  constructor(options: LiveFeedOptions) {
    this.#options = options;
  }

  get pages(): number {
    return this.#pages.size;
  }

  /** What waits in memory for pages that do not read, in bytes. */
  get unreadBytes(): number {
    return [...this.#pages].reduce((bytes, { stream }) => bytes + stream.writableLength, 0);
  }

  /** False: there are too many pages already. `first` is what it gets at once. */
  add(stream: Writable, first: Lines): boolean {
    if (this.#pages.size >= (this.#options.maxPages ?? MAX_PAGES)) return false;
    const { status, plans } = this.#options;
    const page: Page = { stream, plans: message('plans', plans()), lost: 0 };
    this.#pages.add(page);
    stream.once('close', () => this.#remove(page));
    stream.on('error', () => this.#remove(page));
    stream.write(message('status', status()) + page.plans + message('events', first.events) + message('log', first.log));
    this.#timer ??= setInterval(() => this.#beat(), BEAT_MS).unref();
    return true;
  }

  /** Adds a line for every page; kept until the next beat, and no more than a page may get at once. */
  tell<K extends keyof Lines>(kind: K, line: Lines[K][number]): void {
    if (this.#pages.size === 0) return;
    const lines: Lines[K][number][] = this.#waiting[kind];
    if (lines.length < MOST_LINES) lines.push(line);
    else this.#skipped += 1;
  }

  close(): void {
    for (const { stream } of this.#pages) stream.end();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #remove(page: Page): void {
    this.#pages.delete(page);
    if (this.#pages.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#waiting = { events: [], log: [] };
    this.#skipped = 0;
  }

  #beat(): void {
    const { events, log } = this.#waiting;
    const lines = events.length + log.length;
    const skipped = this.#skipped;
    this.#beats += 1;
    if (lines === 0 && this.#beats % QUIET_BEATS !== 0) return;
    this.#waiting = { events: [], log: [] };
    this.#skipped = 0;
    const text =
      message('status', this.#options.status()) +
      (events.length > 0 ? message('events', events) : '') +
      (log.length > 0 ? message('log', log) : '');
    const plans = message('plans', this.#options.plans());
    for (const page of this.#pages) this.#send(page, { text, plans, lines, skipped });
  }

  #send(page: Page, { text, plans, lines, skipped }: Beat): void {
    const { stream } = page;
    const isSlow = stream.writableLength > (this.#options.maxUnreadBytes ?? MAX_UNREAD_BYTES);
    const missed = skipped + (isSlow ? lines : 0);
    page.lost += missed;
    this.lost += missed;
    if (isSlow) return;
    stream.write(text + (plans === page.plans ? '' : plans) + (page.lost > 0 ? message('lost', { lines: page.lost }) : ''));
    page.plans = plans;
    page.lost = 0;
  }
}

/** Of each kind, in one beat. */
const MOST_LINES = 200;

function message<K extends keyof LiveMessages>(kind: K, data: LiveMessages[K]): string {
  return `event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`;
}
