import type { Connection } from '../process/connection.ts';
import type { Timers } from '../process/timers.ts';
import type { Reply } from '../process/types.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import type { Failure } from '../protocol/types.ts';
import { ALONE, type Beside } from './beside.ts';
import { BoundedQueue } from './bounded-queue.ts';
import { Job, type Line, sizeOf } from './job.ts';
import { Suspects } from './suspects.ts';
import type { HookCall, PluginSpec } from './types.ts';
import { Unsettled } from './unsettled.ts';

/** Calls and notifications on their way to one plugin: in flight up to `concurrency`, the rest in a bounded queue. */
export class CallLane {
  answered = 0;
  notificationsDropped = 0;
  readonly failed: Partial<Record<ErrorCode, number>> = {};
  readonly suspects: Suspects = new Suspects();
  /** On the timers' clock: when something was last sent or settled. */
  lastActive = 0;
  readonly #spec: PluginSpec;
  readonly #timers: Timers;
  /** Strings are the parameters of notifications. */
  readonly #queue: BoundedQueue<Job | string>;
  #line: Line | undefined;
  #isolated: Job | undefined;
  #losing: Job[] | undefined;
  readonly #untold = new Unsettled();
  readonly #unsettled = new Unsettled();
  readonly #beside: Beside;

  constructor(spec: PluginSpec, timers: Timers, beside: Beside = ALONE) {
    this.#spec = spec;
    this.#timers = timers;
    this.#beside = beside;
    this.#queue = new BoundedQueue(spec.queueCalls, spec.queueBytes);
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /** Sends the call or queues it; the result cancels it. */
  invoke(call: HookCall): (reason: Failure) => void {
    const job = new Job(call, { isTimed: !this.#spec.inspect, isSuspect: this.suspects.has(call.event), onReply: this.#onReply });
    this.#unsettled.add();
    const line = this.#queue.size === 0 ? this.#lineFor(job) : undefined;
    if (line !== undefined) this.#send(job, line);
    else if (!this.#enqueue(job)) this.fail(job, this.#overloaded());
    return (reason) => this.#cancel(job, reason);
  }

  /** Writes the notification or queues it; the failure says why it was dropped. */
  notify(shared: string): Failure | undefined {
    const line = this.#queue.size === 0 ? this.#lineFor(shared) : undefined;
    if (line !== undefined && this.#tell(shared, line)) return undefined;
    if (this.#queue.push(shared, Buffer.byteLength(shared)) === undefined) return this.drop(this.#overloaded());
    this.#untold.add();
    return undefined;
  }

  /** Settles when no notification waits any more, handed over or dropped. */
  told(): Promise<void> {
    return this.#untold.none();
  }

  /** Settles when every call that was accepted has settled. */
  settled(): Promise<void> {
    return this.#unsettled.none();
  }

  /** A notification that may not even wait. */
  drop(failure: Failure): Failure {
    this.notificationsDropped++;
    return failure;
  }

  /** A call that may not even wait. */
  refuse(call: HookCall, failure: Failure): void {
    this.#count(failure);
    call.settle({ ok: false, failure, attempts: 0 });
  }

  /** A process is ready: what waits is sent. */
  open(line: Line): void {
    this.#line = line;
    this.lastActive = this.#timers.now();
    for (const { item } of this.#queue.places()) if (typeof item !== 'string') item.coldStart = true;
    this.pump();
  }

  /** Nothing more is sent; what is in flight may still be answered. */
  pause(): void {
    this.#line = undefined;
  }

  /** Sends what waits, as far as there is room. */
  pump(): void {
    for (let place = this.#queue.first(); place !== undefined; place = this.#queue.first()) {
      const { item } = place;
      const line = this.#lineFor(item);
      if (line === undefined) return;
      if (typeof item === 'string') {
        if (!this.#tell(item, line)) return;
        this.#queue.remove(place);
        this.#untold.remove();
      } else {
        this.#dequeue(item);
        this.#send(item, line);
      }
    }
  }

  /** Closes the connection and hands out the calls that were in flight on it; each must be failed or retried. */
  lose(connection: Connection, failure: Failure): Job[] {
    const lost: Job[] = [];
    this.#losing = lost;
    connection.close(failure);
    this.#losing = undefined;
    this.#line = undefined;
    this.#isolated = undefined;
    return lost;
  }

  /** Puts a lost call back in front of the queue. */
  retry(job: Job, isSuspect: boolean): void {
    job.attempt++;
    job.isSuspect = isSuspect;
    job.place = this.#queue.unshift(job, sizeOf(job.call));
    this.#armDeadline(job);
  }

  /** Ends the wait of each queued call (undefined: notification) for which there is a failure. */
  failWaiting(failureOf: (call: HookCall | undefined) => Failure | undefined): void {
    for (const place of this.#queue.places()) {
      const { item } = place;
      const failure = failureOf(typeof item === 'string' ? undefined : item.call);
      // Settling a call runs code of others, which may have emptied the queue in the meantime.
      if (failure === undefined || !this.#queue.remove(place)) continue;
      if (typeof item === 'string') {
        this.notificationsDropped++;
        this.#untold.remove();
      } else this.fail(item, failure);
    }
  }

  fail(job: Job, failure: Failure): void {
    if (job.isSettled) return;
    this.#finish(job);
    this.#count(failure);
    job.call.settle({ ok: false, failure, pid: job.line?.pid, attempts: job.attempt });
  }

  #lineFor(item: Job | string): Line | undefined {
    const line = this.#line;
    if (line === undefined || this.#isolated !== undefined || !line.connection.writable) return undefined;
    if (typeof item === 'string') return line;
    const inFlight = line.connection.inFlight + this.#beside.inFlight();
    return inFlight < (item.isSuspect ? 1 : this.#spec.concurrency) ? line : undefined;
  }

  #send(job: Job, line: Line): void {
    if (job.isSuspect) this.#isolated = job;
    job.line = line;
    job.id = line.connection.invoke(job);
    this.lastActive = this.#timers.recent();
  }

  #tell(shared: string, line: Line): boolean {
    this.lastActive = this.#timers.recent();
    return line.connection.notify('hook/notify', `{${shared}}`);
  }

  readonly #onReply = (job: Job, reply: Reply): void => {
    if (this.#losing !== undefined && !reply.ok) {
      this.#losing.push(job);
      return;
    }
    if (this.#isolated === job) this.#isolated = undefined;
    this.lastActive = this.#timers.recent();
    if (!reply.ok) this.fail(job, reply.failure);
    else if (!job.isSettled) {
      this.#finish(job);
      this.answered++;
      if (job.isSuspect) this.suspects.clear(job.call.event);
      const { coldStart, attempt, line } = job;
      const { result: answer, bytes, text, weight } = reply;
      job.call.settle({ ok: true, answer, bytes, text, weight, pid: line?.pid, coldStart, attempts: attempt });
    }
    this.#beside.onRoom();
    this.pump();
  };

  #enqueue(job: Job): boolean {
    job.place = this.#queue.push(job, sizeOf(job.call));
    if (job.place !== undefined) this.#armDeadline(job);
    return job.place !== undefined;
  }

  #dequeue(job: Job): void {
    if (job.place !== undefined) this.#queue.remove(job.place);
    if (job.timer !== undefined) this.#timers.cancel(job.timer);
    job.place = undefined;
    job.timer = undefined;
  }

  #armDeadline(job: Job): void {
    if (this.#spec.inspect) return;
    const { event, deadline } = job.call;
    const message = `Cannot wait for plugin "${this.#spec.name}" on event "${event}": the time for all plugins together is over and the call was still queued`;
    job.timer = this.#timers.after(deadline - this.#timers.now(), () => this.fail(job, { code: 'EVENT_BUDGET_SPENT', message }));
  }

  #cancel(job: Job, reason: Failure): void {
    if (job.isSettled) return;
    if (job.place === undefined && job.line !== undefined) job.line.connection.cancel(job.id, reason);
    else this.fail(job, reason);
  }

  #finish(job: Job): void {
    job.isSettled = true;
    this.#dequeue(job);
    this.#unsettled.remove();
  }

  #count(failure: Failure): void {
    this.failed[failure.code] = (this.failed[failure.code] ?? 0) + 1;
  }

  #overloaded(): Failure {
    const { name, queueCalls, queueBytes } = this.#spec;
    const message = `Cannot queue for plugin "${name}": ${this.#queue.size} calls and ${this.#queue.bytes} bytes wait already, the bounds are ${queueCalls} and ${queueBytes}`;
    return { code: 'PLUGIN_OVERLOADED', message };
  }
}
