import { Worker } from 'node:worker_threads';
import type { Batch, BatchReply, JournalOp, SpoolOp, WorkerData } from './types.ts';

export interface DatabaseThreadOptions {
  readonly data: WorkerData;
  /** Told when something is lost or a file was moved out of the way; the same words once a minute. */
  readonly onProblem: (message: string) => void;
}

/** What went wrong, and when: RFC 3339. */
export interface Problem {
  readonly time: string;
  readonly message: string;
}

interface Job {
  readonly op: JournalOp | SpoolOp;
  readonly chars: number;
  /** Undefined: nobody waits for it. */
  readonly settle: ((result: unknown, failure: string | undefined) => void) | undefined;
}

/** Most that may wait for the disk. */
const MAX_QUEUED_CHARS = 16 * 1024 * 1024;
const MAX_BATCH = 1000;
/** How long what nobody waits for is gathered, in milliseconds: a batch of one costs twenty times what an event does. */
const GATHER_MS = 25;
/** How long the last batches may take at the end. */
const CLOSE_MS = 2000;
const TELL_AGAIN_MS = 60_000;
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './database-worker.ts' : './database-worker.js', import.meta.url);

/** A file that another thread writes, in batches; nothing here throws, waits for a disk, or keeps more than 16 Mi characters. */
export class DatabaseThread {
  readonly #options: DatabaseThreadOptions;
  #worker: Worker | undefined;
  #jobs: Job[] = [];
  #inWork: readonly Job[] = [];
  #queuedChars = 0;
  #lost = 0;
  #written = 0;
  #bytes = 0;
  #lastProblem: Problem | undefined;
  #isDue = false;
  #gathering: NodeJS.Timeout | undefined;
  /** Somebody waits for what is queued. */
  #isAwaited = false;
  #isClosed = false;
  #closing: Promise<void> | undefined;
  #told: { readonly problem: string; readonly at: number } | undefined;
  #whenIdle: (() => void)[] = [];

  constructor(options: DatabaseThreadOptions) {
    this.#options = options;
  }

  /** Operations that nobody waited for and that were not kept. */
  get lost(): number {
    return this.#lost;
  }

  /** Operations that were done. */
  get written(): number {
    return this.#written;
  }

  /** Operations that wait for the disk. */
  get queued(): number {
    return this.#jobs.length + this.#inWork.length;
  }

  /** What the files took on disk after the last batch. */
  get bytes(): number {
    return this.#bytes;
  }

  get lastProblem(): Problem | undefined {
    return this.#lastProblem;
  }

  /** Done when there is time; `chars` is roughly its size. */
  post(op: JournalOp | SpoolOp, chars: number): void {
    this.#add({ op, chars, settle: undefined });
  }

  /** The result, once it is on its way to the disk. Rejects with the reason when it is not. */
  ask(op: JournalOp | SpoolOp, chars: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const settle = (result: unknown, failure: string | undefined): void =>
        failure === undefined ? resolve(result) : reject(new Error(failure));
      this.#add({ op, chars, settle });
    });
  }

  /** Settles when nothing waits any more. */
  idle(): Promise<void> {
    if (this.#jobs.length === 0 && this.#inWork.length === 0) return Promise.resolve();
    this.#isAwaited = true;
    this.#plan();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  /** Writes what waits, within two seconds, and lets go of the file. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const worker = this.#worker;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_MS);
    });
    await Promise.race([this.idle(), late]);
    this.#isClosed = true;
    const ended = worker === undefined ? Promise.resolve() : new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    worker?.postMessage('close');
    await Promise.race([ended, late]);
    clearTimeout(timer);
    await worker?.terminate();
    this.#failAll('the journal has been closed');
  }

  #add(job: Job): void {
    const refusal = this.#refusal(job);
    if (refusal !== undefined) {
      this.#lose(job, refusal);
      return;
    }
    this.#queuedChars += job.chars;
    this.#jobs.push(job);
    this.#isAwaited ||= job.settle !== undefined;
    this.#plan();
  }

  /** At the end of the turn when somebody waits or enough has come together, else a little later. */
  #plan(): void {
    if (this.#isDue || this.#inWork.length > 0) return;
    if (!this.#isAwaited && this.#jobs.length < MAX_BATCH) {
      this.#gathering ??= setTimeout(() => this.#send(), GATHER_MS);
      return;
    }
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.#send();
    });
  }

  #refusal({ chars }: Job): string | undefined {
    if (this.#isClosed) return 'the journal has been closed';
    return this.#queuedChars + chars > MAX_QUEUED_CHARS ? 'events come faster than the disk takes them' : undefined;
  }

  #send(): void {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    if (this.#inWork.length > 0 || this.#jobs.length === 0 || this.#isClosed) return;
    this.#inWork = this.#jobs.splice(0, MAX_BATCH);
    if (this.#jobs.length === 0) this.#isAwaited = false;
    const thread = this.#thread();
    // Only a batch in work keeps the application running.
    thread.ref();
    thread.postMessage({ ops: this.#inWork.map(({ op }) => op) } satisfies Batch);
  }

  #thread(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(WORKER, { workerData: this.#options.data, execArgv: [], env: {} });
    worker.on('message', (reply: BatchReply) => this.#take(reply));
    worker.on('error', (error) => this.#ended(worker, error.message));
    worker.on('exit', () => this.#ended(worker, 'its thread ended'));
    worker.unref();
    this.#worker = worker;
    return worker;
  }

  #take({ results, problem, bytes }: BatchReply): void {
    this.#bytes = bytes;
    const jobs = this.#inWork;
    this.#inWork = [];
    for (const { chars } of jobs) this.#queuedChars -= chars;
    this.#tell(problem);
    if (results !== undefined) this.#written += jobs.length;
    jobs.forEach((job, place) => {
      if (results === undefined) this.#lose(job, problem ?? 'it could not be written');
      else job.settle?.(results[place], undefined);
    });
    if (this.#isAwaited) this.#send();
    else if (this.#jobs.length > 0) this.#plan();
    if (this.#jobs.length > 0 || this.#inWork.length > 0) return;
    this.#worker?.unref();
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  /** The next operation starts another one. */
  #ended(worker: Worker, reason: string): void {
    if (this.#isClosed || worker !== this.#worker) return;
    this.#worker = undefined;
    this.#failAll(reason);
  }

  #failAll(reason: string): void {
    const jobs = [...this.#inWork, ...this.#jobs];
    this.#inWork = [];
    this.#jobs = [];
    this.#queuedChars = 0;
    for (const job of jobs) this.#lose(job, reason);
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  #lose(job: Job, reason: string): void {
    if (job.settle === undefined) this.#lost += 1;
    job.settle?.(undefined, reason);
    this.#tell(reason);
  }

  #tell(problem: string | undefined): void {
    if (problem === undefined) return;
    this.#lastProblem = { time: new Date().toISOString(), message: problem };
    const now = performance.now();
    if (problem === this.#told?.problem && now - this.#told.at < TELL_AGAIN_MS) return;
    this.#told = { problem, at: now };
    this.#options.onProblem(problem);
  }
}
