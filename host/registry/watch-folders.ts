import { type FSWatcher, watch } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { WatchItem } from './watch-plan.ts';

export interface WatchOptions {
  /** What to look at now; asked again before each look. */
  readonly items: () => readonly WatchItem[];
  /** Told of the items of which a file came, went or was written. The next look waits for it. */
  readonly onChange: (items: readonly WatchItem[]) => Promise<unknown>;
  /** Told once why a folder is looked at from time to time and not watched, and once of a folder that is too large. */
  readonly onProblem?: (message: string) => void;
  /** How long nothing more must happen, in milliseconds. Default 100: editors write a file in several steps. */
  readonly settleMs?: number;
  /** How often folders are looked at that cannot be watched, in milliseconds. Default 2000. */
  readonly pollMs?: number;
  /** True: no folder is watched, all are looked at. Default false. */
  readonly isPolling?: boolean;
}

/** Most files and folders of one item that are looked at; where there are more, that is told once. */
export const MAX_WATCHED = 5000;

const IGNORED: ReadonlySet<string> = new Set(['node_modules', '.git', '.outrigger', '__pycache__', 'target', '.venv', 'venv']);

/** How many times over a look may be put off. */
const PATIENCE = 10;

interface Look {
  /** Every file that matters, with what changes when it is written. */
  readonly print: string;
  readonly folders: readonly string[];
  /** There is more than is looked at. */
  readonly isCut: boolean;
}

/** Notices changed files. A change is what differs between two looks: the system's word that something happened only says when to look. */
export class FolderWatch {
  readonly #options: WatchOptions;
  /** By folder, with the number of the folder that was there: another one of the same name is another folder. */
  readonly #watchers: Map<string, { readonly id: string; readonly watcher: FSWatcher }> = new Map();
  #prints: Map<string, string> = new Map();
  readonly #cut: Set<string> = new Set();
  #items: readonly WatchItem[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Since when the next look is put off; undefined: none is due. */
  #dueSince: number | undefined;
  #poll: NodeJS.Timeout | undefined;
  #turn: Promise<void> = Promise.resolve();
  #isClosed = false;
  #isPolling: boolean;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#isPolling = options.isPolling === true;
  }

  /** What differs from now on is a change. */
  start(): Promise<void> {
    return this.#look();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#poll);
    for (const { watcher } of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #look(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#lookOnce());
    return this.#turn;
  }

  async #lookOnce(): Promise<void> {
    if (this.#isClosed) return;
    this.#dueSince = undefined;
    const items = this.#options.items();
    this.#items = items;
    const looks = await Promise.all(items.map(lookAt));
    await this.#arm(new Set(looks.flatMap(({ folders }) => folders)));
    this.#tellCut(items.filter((_, index) => looks[index]?.isCut));
    const before = this.#prints;
    this.#prints = new Map(items.map((item, index) => [keyOf(item), looks[index]?.print ?? '']));
    const changed = items.filter((item) => before.has(keyOf(item)) && before.get(keyOf(item)) !== this.#prints.get(keyOf(item)));
    if (changed.length > 0 && !this.#isClosed) {
      // Who is told says what goes wrong with it; the next change counts all the same.
      await this.#options.onChange(changed).catch(() => {});
      // There may be other items now.
      this.#soon();
    }
    if (this.#isPolling && !this.#isClosed) {
      clearTimeout(this.#poll);
      this.#poll = setTimeout(() => void this.#look(), this.#options.pollMs ?? 2000);
      this.#poll.unref();
    }
  }

  #tellCut(items: readonly WatchItem[]): void {
    for (const { folder } of items.filter((item) => !this.#cut.has(item.folder))) {
      this.#cut.add(folder);
      this.#options.onProblem?.(`Cannot look at all of "${folder}": only the first ${MAX_WATCHED} files and folders are; reload by hand`);
    }
  }

  #soon(): void {
    if (this.#isClosed) return;
    const { settleMs = 100 } = this.#options;
    this.#dueSince ??= performance.now();
    // Somebody who never rests must not put it off for ever.
    if (performance.now() - this.#dueSince > PATIENCE * settleMs) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), settleMs);
    this.#timer.unref();
  }

  /** What is written to a file that does not matter is no reason to look. */
  #onEvent(folder: string, kind: string, file: string | null): void {
    const matters = ({ folder: root, matters }: WatchItem): boolean => file !== null && matters(relative(root, join(folder, file)));
    if (kind !== 'change' || file === null || this.#items.some(matters)) this.#soon();
  }

  async #arm(folders: ReadonlySet<string>): Promise<void> {
    if (this.#options.isPolling === true) return;
    for (const [folder, { id, watcher }] of this.#watchers) {
      if (folders.has(folder) && (await idOf(folder)) === id) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const folder of folders) {
      const id = this.#watchers.has(folder) ? undefined : await idOf(folder);
      if (id !== undefined && !this.#isClosed) this.#watch(folder, id);
    }
  }

  #watch(folder: string, id: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, (kind, file) => this.#onEvent(folder, kind, file));
      watcher.on('error', () => this.#soon());
      this.#watchers.set(folder, { id, watcher });
      // Something may have happened between the look and now.
      this.#soon();
    } catch (error) {
      if (!this.#isPolling)
        this.#options.onProblem?.(`Cannot watch "${folder}", looking at it from time to time: ${(error as Error).message}`);
      this.#isPolling = true;
    }
  }
}

function keyOf({ plugin, folder, depth }: WatchItem): string {
  return JSON.stringify([plugin, folder, depth]);
}

async function idOf(folder: string): Promise<string | undefined> {
  const stats = await stat(folder).catch(() => undefined);
  return stats === undefined ? undefined : `${stats.dev}:${stats.ino}`;
}

/** A folder that is not there is looked for in the one above it. */
async function lookAt({ folder, depth, matters }: WatchItem): Promise<Look> {
  const folders: string[] = [];
  const prints: string[] = [];
  const walk = async (path: string, within: number): Promise<void> => {
    const entries = await readdir(join(folder, path), { withFileTypes: true }).catch(() => undefined);
    if (entries === undefined) return;
    folders.push(join(folder, path));
    for (const entry of entries) {
      if (folders.length + prints.length >= MAX_WATCHED) return;
      const name = join(path, entry.name);
      if (matters(name)) prints.push(`${name} ${await printOf(join(folder, name))}`);
      else if (within > 0 && !entry.isFile() && !IGNORED.has(entry.name) && !entry.name.startsWith('.')) await walk(name, within - 1);
    }
  };
  await walk('', depth);
  if (folders.length === 0) folders.push(await nearest(dirname(folder)));
  return { print: prints.sort().join('\n'), folders, isCut: folders.length + prints.length >= MAX_WATCHED };
}

async function nearest(folder: string): Promise<string> {
  return (await idOf(folder)) !== undefined || folder === dirname(folder) ? folder : nearest(dirname(folder));
}

async function printOf(file: string): Promise<string> {
  const stats = await stat(file, { bigint: true }).catch(() => undefined);
  return stats === undefined ? 'gone' : `${stats.mtimeNs} ${stats.size} ${stats.ino}`;
}
