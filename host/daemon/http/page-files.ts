import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { HostError } from '../../protocol/errors.ts';

export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
}

const TYPES = {
  'index.html': 'text/html; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
} as const;

/** Beside the built sources, and where they are built to. */
const FOLDERS = ['../../dashboard/', '../../dist/dashboard/'].map((path) => fileURLToPath(new URL(path, import.meta.url)));

/** The files of the page by name. Rejects with STORAGE_FAILED when they were not built. */
export async function pageFiles(): Promise<ReadonlyMap<string, PageFile>> {
  const folder = FOLDERS.find((one) => existsSync(`${one}page.js`));
  if (folder === undefined) throw new HostError('STORAGE_FAILED', 'Cannot show the dashboard: it was not built; run "npm run build"');
  const read = Object.entries(TYPES).map(async ([name, type]) => [name, { type, body: await readFile(folder + name) }] as const);
  return new Map(await Promise.all(read));
}
