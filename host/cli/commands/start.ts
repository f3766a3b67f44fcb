import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, fstatSync, mkdirSync, openSync, readSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { StatusResult } from '@outrigger/schemas';
import { greetDaemon } from '../../client/open-wire.ts';
import { type LockHolder, lockHolder } from '../../daemon/control/daemon-lock.ts';
import type { DaemonPlace } from '../../daemon/control/place.ts';
import { HostError } from '../../protocol/errors.ts';
import { dataFolder } from '../../registry/data-folder.ts';
import { loadConfig } from '../../registry/load-config.ts';
import type { CliContext } from '../context.ts';
import { placeOf } from '../daemon-call.ts';
import { EXIT } from '../exit-codes.ts';
import { cacheFolder } from '../user-folders.ts';

/** How long a daemon may take until it serves, in milliseconds. */
const READY_MS = 30_000;
const POLL_MS = 50;
/** How long one that runs may take to say how it is. */
const ANSWER_MS = 5000;
/** Of the log that is shown when it does not start. */
const TAIL_BYTES = 4096;
const OF_SERVICE = /^(NOTIFY_SOCKET|WATCHDOG_|LISTEN_)/;
const APPEND = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;

/** `outrigger start`: the daemon in the background, its log beside its data. Done when it serves; one that runs already is fine. */
export async function start(context: CliContext, options: Readonly<Record<string, unknown>>): Promise<number> {
  const place = await placeOf(context);
  const running = await statusOf(place);
  if (running !== undefined) return answer(context, place, { started: false, pid: running.pid });
  const holder = await lockHolder(place.lock);
  if (holder !== undefined && isLate(holder)) throw heldUp(place, holder);
  const logFile = await logFileOf(context, place);
  const log = openLog(logFile);
  try {
    const from = fstatSync(log).size;
    const child = launchDaemon(context, options, { log, logFile });
    const pid = await whenServing({ child, place, log: context.log, lastWords: () => tail(log, from) });
    child.unref();
    return answer(context, place, { started: true, pid, logFile });
  } finally {
    closeSync(log);
  }
}

interface Started {
  readonly started: boolean;
  readonly pid: number;
  readonly logFile?: string;
}

function answer(context: CliContext, { socket }: DaemonPlace, started: Started): number {
  context.answer({ ...started, socket }, () =>
    started.started
      ? `Daemon ${started.pid} serves on ${socket} and logs to ${started.logFile}`
      : `Daemon ${started.pid} serves on ${socket} already`,
  );
  return EXIT.done;
}

async function logFileOf({ options, cwd, env }: CliContext, { key }: DaemonPlace): Promise<string> {
  const config = options.config === undefined ? {} : { config: options.config };
  const loaded = await loadConfig({ ...config, cwd, env, cacheDir: cacheFolder(env), isSafe: options.noPlugins });
  const folder = dataFolder(env, loaded.config);
  return join(folder, `daemon-${key}.log`);
}

function openLog(file: string): number {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    return openSync(file, APPEND, 0o600);
  } catch (error) {
    throw new HostError('STORAGE_FAILED', `Cannot open the log of the daemon: ${(error as Error).message}`, { cause: error });
  }
}

function launchDaemon(context: CliContext, options: Readonly<Record<string, unknown>>, to: { log: number; logFile: string }): ChildProcess {
  const [main = ''] = process.argv.slice(1);
  const args = [...process.execArgv, main, 'up', ...wordsOf(context, options), '--log-file', to.logFile];
  // What systemd gave to the service this was started in is not for a daemon that leaves it.
  const env = Object.fromEntries(Object.entries(context.env).filter(([name]) => !OF_SERVICE.test(name)));
  return spawn(process.execPath, args, { cwd: context.cwd, env, detached: true, stdio: ['ignore', to.log, to.log] });
}

/** The same options again, for the daemon. */
function wordsOf({ options }: CliContext, own: Readonly<Record<string, unknown>>): string[] {
  const { config, noPlugins, without, frozen, inspectPlugin, verbose, quiet } = options;
  const named = {
    '--config': config,
    '--inspect-plugin': inspectPlugin,
    '--http': own['http'] === true ? undefined : own['http'],
    '--listen': own['listen'],
    '--tls-cert': own['tlsCert'],
    '--tls-key': own['tlsKey'],
    '--token-file': own['tokenFile'],
  };
  const flags = { '--http': own['http'] === true, '--no-plugins': noPlugins, '--frozen': frozen, '--verbose': verbose, '--quiet': quiet };
  return [
    ...Object.entries(named).flatMap(([name, value]) => (value === undefined ? [] : [name, String(value)])),
    ...Object.entries(flags).flatMap(([name, isSet]) => (isSet ? [name] : [])),
    ...without.flatMap((plugin) => ['--without', plugin]),
  ];
}

interface Starting {
  readonly child: ChildProcess;
  readonly place: DaemonPlace;
  readonly log: CliContext['log'];
  readonly lastWords: () => string;
}

async function whenServing({ child, place, log, lastWords }: Starting): Promise<number> {
  const end = endOf(child);
  let isTold = false;
  for (const deadline = performance.now() + READY_MS; performance.now() < deadline; await pause()) {
    const status = await statusOf(place);
    // Another "start" may have been quicker; one daemon is what was asked for.
    if (status !== undefined) return status.pid;
    const reason = end();
    if (reason === undefined) continue;
    // One that lost the race ends at once; whoever won it may need a moment more.
    const holder = await lockHolder(place.lock);
    if (holder === undefined) throw new HostError('HOST_STOPPED', `Cannot start the daemon: ${reason}${said(lastWords())}`);
    if (isLate(holder)) throw heldUp(place, holder);
    if (!isTold) log.warn(`Process ${holder.pid} holds the lock of the daemon and does not serve yet: waiting for it`);
    isTold = true;
  }
  child.kill('SIGTERM');
  throw new HostError('HOST_STOPPED', `Cannot start the daemon: it does not serve after ${READY_MS} ms${said(lastWords())}`);
}

/** How it ended; undefined while it has not. */
function endOf(child: ChildProcess): () => string | undefined {
  let ended: string | undefined;
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, signal) => {
    ended = signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`;
  });
  return () => ended;
}

/** It had its time to start, and does not serve where this config's daemon is looked for. */
function isLate({ since }: LockHolder): boolean {
  return Math.abs(Date.now() - Date.parse(since)) > READY_MS;
}

function heldUp({ lock, socket }: DaemonPlace, { pid, since }: LockHolder): HostError {
  const cause = `process ${pid} holds the lock "${lock}" since ${since} and does not answer on "${socket}"`;
  const cure = `wait if it is stopping, end it with "kill ${pid}", or name its socket in OUTRIGGER_SOCKET if it has another`;
  return new HostError('HOST_STOPPED', `Cannot start the daemon: ${cause}; ${cure}`);
}

function said(words: string): string {
  return words === '' ? '' : `; its last words:\n${words}`;
}

async function statusOf({ socket }: DaemonPlace): Promise<StatusResult | undefined> {
  try {
    const answered = await greetDaemon(socket, 'outrigger start', ANSWER_MS);
    if ('reason' in answered) return undefined;
    const status = await answered.wire.request<StatusResult>('status');
    answered.wire.end('it answered');
    return status;
  } catch (error) {
    if (error instanceof HostError && error.code === 'HOST_STOPPED') return undefined;
    throw error;
  }
}

/** The last whole lines that were written since. */
function tail(log: number, from: number): string {
  const { size } = fstatSync(log);
  const start = Math.max(from, size - TAIL_BYTES);
  const bytes = Buffer.alloc(size - start);
  readSync(log, bytes, 0, bytes.length, start);
  const text = bytes.toString().trim();
  return start > from ? text.slice(text.indexOf('\n') + 1) : text;
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, POLL_MS));
}
