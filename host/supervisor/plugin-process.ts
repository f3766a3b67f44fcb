import type { LogParams } from '@outrigger/schemas';
import { Connection } from '../process/connection.ts';
import { failedLaunch, launch } from '../process/launch.ts';
import { StderrTail } from '../process/stderr-tail.ts';
import { terminate, within } from '../process/terminate.ts';
import type { Timers } from '../process/timers.ts';
import type { Child, Exit } from '../process/types.ts';
import type { Failure, Logger } from '../protocol/types.ts';
import { enclose } from '../sandbox/enclose.ts';
import type { Hold, NetDenial } from '../sandbox/types.ts';
import { type Hello, sayHello } from './handshake.ts';
import type { Times } from './restart-policy.ts';
import type { PluginSpec } from './types.ts';

export interface ProcessDeps {
  readonly timers: Timers;
  readonly log: Logger;
  readonly times: Times;
  readonly serve: (method: string, params: unknown, signal: AbortSignal) => Promise<unknown>;
}

/** What a process tells its owner; each but `onDrain` at most once. */
export interface ProcessEvents {
  /** It is gone, and its last words were read. */
  onExit(exit: Exit): void;
  onFault(failure: Failure): void;
  onHung(call: { event?: string; method: string }): void;
  onDrain(): void;
}

/** One process of a plugin, from launch to exit. */
export class PluginProcess {
  readonly pid: number | undefined;
  readonly connection: Connection;
  /** Settles at the exit. Never rejects. */
  readonly exited: Promise<Exit>;
  /** What confines it; undefined when nothing does. */
  hold: Hold | undefined;
  /** On the timers' clock: when the handshake was done. */
  readyAt: number | undefined;
  readonly #spec: PluginSpec;
  readonly #child: Child;
  readonly #stderr: StderrTail;
  readonly #times: Times;

  constructor(spec: PluginSpec, deps: ProcessDeps, events: ProcessEvents) {
    const child = this.#start(spec, deps);
    this.#spec = spec;
    this.#child = child;
    this.#times = deps.times;
    this.pid = child.pid;
    this.exited = child.exited;
    const { name: plugin, framing, maxMessageBytes, logsPerSecond, pollutionLines } = spec;
    this.#stderr = new StderrTail(child.stderr, { plugin, pid: child.pid, logsPerSecond, log: deps.log });
    this.connection = new Connection(child, {
      ...{ plugin, framing, maxMessageBytes, logsPerSecond, pollutionLines },
      timers: deps.timers,
      serve: deps.serve,
      onLog: (record) => passOn(deps.log, record, { plugin, pid: child.pid }),
      onOddity: (kind, reason) => deps.log.warn(kind, { plugin, pid: child.pid, reason }),
      onFault: (failure) => events.onFault(failure),
      onHung: (call) => events.onHung(call),
      onDrain: () => events.onDrain(),
    });
    const stdoutClosed = new Promise<void>((resolve) => child.stdout.once('close', () => resolve()));
    this.#watchExit(stdoutClosed, events);
    void this.#watchStdout(stdoutClosed, events);
  }

  /** The last lines of stderr, oldest first. */
  get stderr(): string[] {
    return this.#stderr.lines();
  }

  hello(config: PluginSpec['config']): Promise<Hello> {
    return sayHello(this.connection, this.#spec, config);
  }

  /** SIGKILL to the whole group. */
  kill(): void {
    this.#child.signal('SIGKILL');
  }

  /** The stop ladder; what is still in flight after its first step fails with `failure`. Settles at the exit. */
  async stop(failure: Failure): Promise<Exit> {
    const { stopStepMs } = this.#times;
    if (this.readyAt !== undefined && (await this.#askToStop(stopStepMs))) {
      this.connection.notify('exit', '{}');
      this.connection.close(failure);
      this.#child.stdin.end();
      if (await within(this.exited, stopStepMs)) return this.exited;
    }
    this.connection.close(failure);
    return terminate(this.#child, stopStepMs);
  }

  /** True when the plugin answered `shutdown`, with whatever, and nothing is left in flight or the time is over. */
  async #askToStop(stepMs: number): Promise<boolean> {
    const end = performance.now() + stepMs;
    const reply = await this.connection.request('shutdown', {}, stepMs);
    if (!reply.ok && reply.failure.code !== 'PLUGIN_ERROR') return false;
    // A plugin should answer only when its calls are done; one that did not know gets the rest of the time.
    while (this.connection.inFlight > 0 && performance.now() < end) await within(this.exited, 10);
    return true;
  }

  #start({ name, launch: bare, confine }: PluginSpec, { log }: ProcessDeps): Child {
    if (confine === undefined) return launch(bare);
    try {
      const child = enclose(name, confine(), { log, onDenied: (denial) => this.#tellDenied(denial, log) });
      this.hold = child.hold;
      return child;
    } catch (error) {
      // What was granted may not be granted any more, or a folder of its own cannot be made.
      return failedLaunch(error);
    }
  }

  #tellDenied(denial: NetDenial, log: Logger): void {
    log.warn('connection refused', { plugin: this.#spec.name, pid: this.pid, ...denial });
    this.connection.notify('net/denied', JSON.stringify(denial));
  }

  async #watchStdout(stdoutClosed: Promise<void>, events: ProcessEvents): Promise<void> {
    await stdoutClosed;
    if (await within(this.exited, this.#times.lastWordsMs)) return;
    const message = `Cannot get an answer from plugin "${this.#spec.name}": it closed its stdout and went on running`;
    events.onFault({ code: 'PLUGIN_EXITED', message });
  }

  /** What it wrote before it died counts. Something that escaped its group may hold the pipes open: hence not for ever. */
  #watchExit(stdoutClosed: Promise<void>, events: ProcessEvents): void {
    let lastWords: NodeJS.Timeout | undefined;
    let isOver = false;
    const end = (exit: Exit): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(lastWords);
      events.onExit(exit);
      for (const stream of [this.#child.stdin, this.#child.stdout, this.#child.stderr]) stream.destroy();
    };
    void this.exited.then((exit) => {
      lastWords = setTimeout(end, this.#times.lastWordsMs, exit);
    });
    // In few steps: who started the process for us goes through its end too, which takes a millisecond, and comes second so.
    void Promise.all([this.exited, stdoutClosed, this.#stderr.ended]).then(([exit]) => end(exit));
  }
}

function passOn(log: Logger, record: LogParams, source: { readonly plugin: string; readonly pid: number | undefined }): void {
  const { level, message, event, fields } = record;
  log[level](message, { ...source, stream: 'log', ...(event === undefined ? {} : { event }), ...(fields === undefined ? {} : { fields }) });
}
