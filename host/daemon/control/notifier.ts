import { describeExit, launchCommand } from '../../process/launch.ts';
import type { Logger } from '../../protocol/types.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const MICROSECONDS = 1000;
const MAX_INTERVAL_MS = 2 ** 31 - 1;

/**
 * Tells systemd how the service is. Node has no datagram sockets of the Unix kind, so `systemd-notify` says it: it comes with
 * systemd, and a unit must allow it with `NotifyAccess=all`. Without NOTIFY_SOCKET nothing is said. Nothing here rejects.
 */
export class Notifier {
  readonly #env: Environment;
  readonly #log: Logger;
  readonly #pid: number;
  #watchdog: NodeJS.Timeout | undefined;
  /** One after another: "ready" must not overtake "reloading". */
  #last: Promise<void> = Promise.resolve();
  #isBroken = false;

  constructor(env: Environment, log: Logger, pid: number = process.pid) {
    this.#env = env;
    this.#log = log;
    this.#pid = pid;
  }

  /** The service serves; from now on the watchdog is fed, for as long as the host's own loop turns. */
  ready(status: string): Promise<void> {
    this.#feed();
    return this.#say('READY=1', `STATUS=${status}`, `MAINPID=${this.#pid}`);
  }

  reloading(): Promise<void> {
    // systemd tells an old message from a new one by this clock, which is hrtime's.
    return this.#say('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / BigInt(MICROSECONDS)}`);
  }

  stopping(): Promise<void> {
    return this.#say('STOPPING=1', 'STATUS=Stopping');
  }

  close(): Promise<void> {
    clearInterval(this.#watchdog);
    return this.#last;
  }

  #feed(): void {
    const { WATCHDOG_USEC: usec, WATCHDOG_PID: pid } = this.#env;
    const isOurs = pid === undefined || Number(pid) === this.#pid;
    if (this.#watchdog !== undefined || !isOurs || !(Number(usec) > 0)) return;
    // Twice in the time, as sd_watchdog_enabled(3) recommends.
    const intervalMs = Math.min(Math.max(Math.floor(Number(usec) / MICROSECONDS / 2), 1), MAX_INTERVAL_MS);
    this.#watchdog = setInterval(() => void this.#say('WATCHDOG=1'), intervalMs);
    this.#watchdog.unref();
  }

  #say(...assignments: readonly string[]): Promise<void> {
    const socket = this.#env['NOTIFY_SOCKET'];
    if (!socket || this.#isBroken) return Promise.resolve();
    this.#last = this.#last.then(() => this.#tell(socket, assignments));
    return this.#last;
  }

  async #tell(socket: string, assignments: readonly string[]): Promise<void> {
    const env = { NOTIFY_SOCKET: socket, PATH: this.#env['PATH'] ?? '/usr/bin:/bin' };
    const teller = launchCommand({
      command: 'systemd-notify',
      args: assignments,
      cwd: '/',
      env,
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'pipe',
    });
    teller.stdout?.resume();
    let said = '';
    teller.stderr?.on('data', (chunk) => {
      said = (said + chunk).slice(0, 1000);
    });
    const exit = await teller.exited;
    if (exit.code === 0) return;
    this.#isBroken = true;
    clearInterval(this.#watchdog);
    const reason = said.trim() || `systemd-notify ${describeExit(exit)}`;
    this.#log.warn('cannot tell systemd how the service is', { reason, unsaid: assignments.join(' ') });
  }
}

/** The descriptor of the socket that systemd listened on for us, see sd_listen_fds(3); undefined when there is none. */
export function inheritedSocket(env: Environment, pid: number = process.pid): number | undefined {
  const isOurs = Number(env['LISTEN_PID']) === pid && Number(env['LISTEN_FDS']) >= 1;
  return isOurs ? FIRST_DESCRIPTOR : undefined;
}

const FIRST_DESCRIPTOR = 3;
