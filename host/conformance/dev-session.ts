import { Bench } from './bench.ts';
import { must } from './check-failure.ts';
import { FolderWatch } from './folder-watch.ts';
import { endOf } from './messages.ts';
import type { Exchanged, Json, Target, Watch } from './types.ts';
import { WireClient } from './wire-client.ts';

export interface DevOptions extends Watch {
  /** Makes the target anew, built when it must be; its problems are told. */
  readonly makeTarget: () => Promise<Target>;
  /** What happens, in one line. */
  readonly tell: (text: string) => void;
  /** What went wrong, in one sentence. */
  readonly onProblem: (text: string) => void;
  /** Told of every process, before anything is said to it. */
  readonly onStart?: (target: Target, pid: number | undefined) => void;
  readonly onEnd?: (how: string, atMs: number) => void;
}

/** No clock runs while somebody looks at a breakpoint. */
const PATIENCE_MS = 2_147_483_647;
const STOP_MS = 2000;

/** A plugin in development: one process at a time, fed with sample events, started anew when a file is saved. */
export class DevSession {
  readonly #options: DevOptions;
  #client: WireClient | undefined;
  #bench: Bench | undefined;
  #watch: FolderWatch | undefined;
  #turn: Promise<boolean> = Promise.resolve(true);
  #closed = false;
  #isBusy = false;
  /** The process is about to be replaced: how it ends is no news. */
  #isReplaced = false;

  constructor(options: DevOptions) {
    this.#options = options;
  }

  /** Starts the plugin, shakes hands and fires one sample event at each of its hook points. False when something went wrong, which is told. */
  restart(): Promise<boolean> {
    return this.#next(() => this.#restart());
  }

  /** Fires one event; without a payload a sample of the hook point's. */
  fire(hook: string, payload?: Json): Promise<boolean> {
    return this.#next(() => this.#fire(hook, payload));
  }

  /** Fires a sample event at each hook point. */
  fireAll(): Promise<boolean> {
    return this.#next(() => this.#fireAll());
  }

  /** Restarts after every change below the folder. */
  watch(folder: string): void {
    this.#watch = new FolderWatch(folder, {
      onChange: ([file, ...others]) => {
        const more = others.length > 0 ? ` and ${others.length} more` : '';
        this.#options.tell(`${file}${more} changed: starting anew`);
        if (this.#isReplaced) return;
        this.#isReplaced = true;
        // A call that never ends must not keep the new code waiting.
        void (this.#isBusy ? this.#client?.kill() : undefined);
        void this.restart();
      },
      onError: (error) => this.#options.tell(`Cannot watch the folder any more: ${error.message}`),
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#watch?.close();
    // A handler may stand at a breakpoint: nobody waits for it.
    await this.#client?.kill();
    await this.#turn;
  }

  #next(run: () => Promise<void>): Promise<boolean> {
    this.#turn = this.#turn.then(async () => {
      this.#isBusy = true;
      try {
        if (!this.#closed) await run();
        return true;
      } catch (error) {
        if (!this.#closed && !this.#isReplaced) this.#options.onProblem((error as Error).message);
        return false;
      } finally {
        this.#isBusy = false;
      }
    });
    return this.#turn;
  }

  async #restart(): Promise<void> {
    await this.#stop();
    this.#isReplaced = false;
    const target = await this.#options.makeTarget();
    // Saved again while it was built, and the next start is due already; or nobody wants it any more.
    if (this.#isReplaced || this.#closed) return;
    const client = new WireClient(target, { ...this.#options, onExchange: (exchanged) => this.#show(exchanged) });
    this.#client = client;
    this.#bench = new Bench(target);
    this.#options.onStart?.(target, client.pid);
    void client.exited.then((exit) => this.#options.onEnd?.(endOf(exit), client.now()));
    const { error, result } = await client.request('initialize', this.#bench.initializeParams(), { withinMs: PATIENCE_MS });
    must(error === undefined, `Cannot start ${target.name}: "initialize" was answered with an error: ${JSON.stringify(error)}`);
    const { disable } = (result ?? {}) as Json;
    must(typeof disable !== 'string', `${target.name} declined: ${disable}`);
    await this.#fireAll();
  }

  #show(exchanged: Exchanged): void {
    if (!this.#isReplaced || exchanged.from !== 'note') this.#options.onExchange?.(exchanged);
  }

  async #fireAll(): Promise<void> {
    for (const { name } of this.#bench?.target.hooks ?? []) await this.#fire(name);
  }

  async #fire(name: string, payload?: Json): Promise<void> {
    const { exit } = this.#client ?? {};
    if (this.#client === undefined || this.#bench === undefined || exit !== undefined)
      throw new Error('The plugin does not run: save a file to start it anew');
    const hook = this.#bench.target.hooks.find((one) => one.name === name);
    if (hook === undefined)
      throw new Error(`Cannot fire "${name}": the manifest names ${this.#bench.target.hooks.map((one) => one.name).join(', ')}`);
    const params = this.#bench.callParams(name, payload ?? hook.payloads.at(-1) ?? {});
    if (hook.mode === 'fire_and_forget') {
      const { deadlineMs: _deadline, attempt: _attempt, ...notified } = params;
      this.#client.notify('hook/notify', { ...notified, outcome: { status: 'continued' } });
    } else {
      await this.#client.request('hook/invoke', { ...params, deadlineMs: PATIENCE_MS }, { withinMs: PATIENCE_MS });
    }
  }

  async #stop(): Promise<void> {
    const client = this.#client;
    if (client === undefined || client.exit !== undefined) return;
    this.#isReplaced = true;
    client.endInput();
    await client.ended(STOP_MS, 'it did not end').catch(() => client.kill());
  }
}
