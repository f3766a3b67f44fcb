import { type Dirent, type FSWatcher, lstatSync, readdirSync, watch } from 'node:fs';
import { extname, join } from 'node:path';

/** Editors write a file in several steps. */
const SETTLE_MS = 80;
const IGNORED_FOLDERS = /^(\.git|\.outrigger|node_modules|target|__pycache__)$/;
/** What editors, `sed -i` and compilers write beside the sources; `plugin` at the top is what a Makefile makes. */
const IGNORED_FILES = /\.(pyc|swp|tmp)$|~$|^\.?#|^sed\w{6}$|^4913$/;
const PRODUCT = 'plugin';
/** A folder with more is no plugin's sources: the rest of it is not watched. */
const MOST_FILES = 20_000;

export interface FolderWatchOptions {
  /** Told which files changed, once for all that were saved together. */
  readonly onChange: (files: readonly string[]) => void;
  readonly onError: (error: Error) => void;
}

/**
 * Tells when files below a folder are other than before. A file that came and went meanwhile is no change, and neither is a new file with an
 * ending that none had at the beginning: that is what a plugin writes for itself.
 */
export class FolderWatch {
  readonly #folder: string;
  readonly #options: FolderWatchOptions;
  readonly #watcher: FSWatcher;
  #settling: NodeJS.Timeout | undefined;
  #known: ReadonlyMap<string, string>;
  readonly #endings: ReadonlySet<string>;

  /** Throws when the folder cannot be watched. */
  constructor(folder: string, options: FolderWatchOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#known = stampsOf(folder);
    this.#endings = new Set([...this.#known.keys()].map((file) => extname(file)));
    this.#watcher = watch(folder, { recursive: true }, () => {
      clearTimeout(this.#settling);
      this.#settling = setTimeout(() => this.#compare(), SETTLE_MS);
    });
    this.#watcher.on('error', options.onError);
  }

  close(): void {
    clearTimeout(this.#settling);
    this.#watcher.close();
  }

  #compare(): void {
    const before = this.#known;
    const now = stampsOf(this.#folder);
    this.#known = now;
    const changed = [...new Set([...now.keys(), ...before.keys()])].filter(
      (file) => now.get(file) !== before.get(file) && this.#endings.has(extname(file)),
    );
    if (changed.length > 0) this.#options.onChange(changed);
  }
}

/** Every file that counts, by its path below the folder, with what changes when it is saved. */
function stampsOf(root: string): ReadonlyMap<string, string> {
  const stamps = new Map<string, string>();
  for (const path of pathsBelow(root)) {
    const stamp = stampOf(join(root, path));
    if (stamp !== undefined) stamps.set(path, stamp);
  }
  return stamps;
}

function pathsBelow(root: string): string[] {
  const folders = [''];
  const files: string[] = [];
  for (const folder of folders) {
    const entries = entriesOf(join(root, folder));
    const [inner, others] = [entries.filter((entry) => entry.isDirectory()), entries.filter((entry) => !entry.isDirectory())];
    folders.push(...inner.filter(({ name }) => !IGNORED_FOLDERS.test(name)).map(({ name }) => join(folder, name)));
    files.push(...others.filter(({ name }) => !IGNORED_FILES.test(name)).map(({ name }) => join(folder, name)));
    if (files.length > MOST_FILES) break;
  }
  return files.filter((path) => path !== PRODUCT).slice(0, MOST_FILES);
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    // Gone since it was listed, or not for us to read.
    return [];
  }
}

/** Undefined for what has vanished since it was listed. */
function stampOf(file: string): string | undefined {
  const found = lstatSync(file, { bigint: true, throwIfNoEntry: false });
  return found && `${found.ino} ${found.size} ${found.mtimeNs}`;
}
