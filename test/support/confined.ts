import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Exit, LaunchSpec } from '../../host/process/types.ts';
import { bubblewrap } from '../../host/sandbox/drivers/bubblewrap.ts';
import { enclose } from '../../host/sandbox/enclose.ts';
import type { ConfinedChild, Policy, ResourceLimits } from '../../host/sandbox/types.ts';

const LIMITS: ResourceLimits = { memoryMb: 512, cpu: 1, pids: 64, openFiles: 256, tmpMb: 16, storageMb: 16 };
const LOG = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export interface ConfinedOptions extends Partial<Omit<Policy, 'limits'>> {
  readonly env?: Record<string, string>;
  readonly limits?: Partial<ResourceLimits>;
}

/** A folder with these files that everybody may read; gone when the test ends. */
export function folderWith(files: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-confined-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text, { mode: 0o755 });
  }
  return folder;
}

/** A policy that grants nothing but what is given, and may fork. */
export function policyOf(directory: string, { env: _env, limits, ...more }: ConfinedOptions = {}): Policy {
  const none = {
    dataDir: undefined,
    cacheDir: undefined,
    read: [],
    write: [],
    net: [],
    canFork: true,
    ipc: false,
    native: false,
    uid: undefined,
  };
  return { ...none, plugin: 'test', directory, ...more, limits: { ...LIMITS, ...limits } };
}

export function specOf(directory: string, words: readonly string[], env: Record<string, string> = {}): LaunchSpec {
  const [command = '', ...args] = words;
  return { plugin: 'test', command, args, cwd: directory, env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', ...env } };
}

/** Starts the words in a real sandbox; what is left of it dies with the test. */
export function startConfined(words: readonly string[], options: ConfinedOptions = {}): ConfinedChild {
  const directory = options.directory ?? folderWith();
  const enclosure = bubblewrap.confine(specOf(directory, words, options.env), policyOf(directory, options));
  const child = enclose('test', enclosure, { log: LOG, onDenied: () => {} });
  onTestFinished(async () => {
    child.signal('SIGKILL');
    await child.exited;
  });
  return child;
}

export interface Ran {
  readonly exit: Exit;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the words in a real sandbox to their end, with nothing on stdin. */
export async function runConfined(words: readonly string[], options: ConfinedOptions = {}): Promise<Ran> {
  const child = startConfined(words, options);
  child.stdin.end();
  const [stdout, stderr, exit] = await Promise.all([textOf(child.stdout), textOf(child.stderr), child.exited]);
  return { exit, stdout, stderr };
}

/** What a shell in a real sandbox prints on both streams. */
export async function shell(script: string, options: ConfinedOptions = {}): Promise<string> {
  const { stdout, stderr } = await runConfined(['/bin/sh', '-c', script], options);
  return stdout + stderr;
}

export async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
