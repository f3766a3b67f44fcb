import { type ChildProcess, spawn } from 'node:child_process';
import { Server } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { plainText } from '../../process/plain-text.ts';
import { HostError } from '../../protocol/errors.ts';

/** Where the proxy listens inside the plugin's network namespace. */
export const PROXY_PORT = 3128;

const NSENTER = '/usr/bin/nsenter';
const DEADLINE_MS = 5000;
const MAX_STDERR_CHARS = 1000;

export interface InsideOptions {
  readonly plugin: string;
  /** Process in the namespace; it has not started the plugin yet. */
  readonly pid: number;
  readonly port?: number;
}

/**
 * A TCP socket that listens on 127.0.0.1 of another process's network namespace: it belongs to the namespace it was made in,
 * whoever holds it. Rejects with PLUGIN_START_FAILED and a reason for people.
 */
export async function listenInside({ plugin, pid, port = PROXY_PORT }: InsideOptions): Promise<Server> {
  if (!Number.isSafeInteger(pid) || pid <= 1) throw failed(plugin, `${pid} is no process`);
  const child = spawn(NSENTER, nsenterArgs(pid, port), { cwd: '/', env: {}, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  try {
    return await received(child, plugin);
  } finally {
    // Left alive it would take connections too; the plugin starts only after this.
    child.kill('SIGKILL');
    await exited;
  }
}

/** Which namespaces to enter, and the listener to run there. */
function nsenterArgs(pid: number, port: number): string[] {
  // uid 0 may enter any network namespace; anybody else first needs the user namespace that owns it.
  const flags = process.geteuid?.() === 0 ? ['-n'] : ['-U', '--preserve-credentials', '-n'];
  // As source or as built: the listener ends like this file.
  const listener = fileURLToPath(new URL(`netns-listener${extname(fileURLToPath(import.meta.url))}`, import.meta.url));
  return ['-t', String(pid), ...flags, '--', process.execPath, '--disable-warning=ExperimentalWarning', listener, String(port)];
}

function received(child: ChildProcess, plugin: string): Promise<Server> {
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-MAX_STDERR_CHARS);
  });
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => fail(`no answer within ${DEADLINE_MS} ms`), DEADLINE_MS);
    const fail = (why: string): void => {
      clearTimeout(late);
      reject(failed(plugin, why));
    };
    child.once('error', (error: NodeJS.ErrnoException) => fail(spawnReason(error)));
    child.once('close', () => fail(exitReason(stderr)));
    child.once('message', (message: { error?: unknown }, handle) => {
      clearTimeout(late);
      if (handle instanceof Server) resolve(handle);
      else fail(plainText(String(message.error ?? 'the listener sent no socket'), 300));
    });
  });
}

function spawnReason(error: NodeJS.ErrnoException): string {
  return error.code === 'ENOENT' ? `${NSENTER} is missing: install util-linux` : error.message;
}

function exitReason(stderr: string): string {
  const text = plainText(stderr, MAX_STDERR_CHARS).trim().replace(/\s+/g, ' ');
  if (/not permitted/i.test(text)) {
    return `the system does not let the host enter the namespace it made (${text}): it needs unprivileged user namespaces, or run the plugin without net permissions`;
  }
  return text === '' ? 'the listener ended without a word' : text;
}

function failed(plugin: string, why: string): HostError {
  return new HostError('PLUGIN_START_FAILED', `Cannot open the network of plugin "${plugin}": ${why}`);
}
