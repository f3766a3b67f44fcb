import { randomBytes } from 'node:crypto';
import type { HookMap } from '@outrigger/schemas';
import { Audience } from '../dispatcher/audience.ts';
import type { Origin } from '../dispatcher/event-run.ts';
import { Operations } from '../dispatcher/operations.ts';
import type { EmitOptions, Outcome } from '../dispatcher/types.ts';
import { HostError } from '../protocol/errors.ts';
import type { Core } from './core.ts';
import { explain } from './explain.ts';
import type { Placed } from './live/types.ts';
import { handlerParticipant } from './participants.ts';
import { ScopedHook } from './scoped-hook.ts';
import type { Explanation, Handler, HandlerOptions, Hook, Operation, PayloadOf, ReplaceOf, Scope, Session } from './types.ts';

type AnyPayload = Record<string, unknown>;

interface Within<M> {
  readonly parent: HostScope<M>;
  readonly session?: string;
  /** Let in by name: whatever a reload makes of them. One that hears everything takes part once all the same. */
  readonly plugins: readonly string[];
}

/** The host’s own scope, a session, or a block: an audience, and the operations of its events. */
export class HostScope<M = HookMap> implements Scope<M> {
  readonly audience: Audience;
  readonly operations: Operations;
  readonly sessionId: string | undefined;
  readonly #core: Core;
  readonly #parent: HostScope<M> | undefined;
  readonly #hooks: Map<string, ScopedHook> = new Map();
  #closed = false;

  constructor(core: Core, within?: Within<M>) {
    this.#core = core;
    this.#parent = within?.parent;
    const admitted = within?.plugins;
    const placed = (hook: string): readonly Placed[] =>
      admitted === undefined ? core.roster.forEverybody(hook) : admitted.flatMap((plugin) => core.roster.placedOf(plugin));
    this.audience = new Audience(within?.parent.audience, {
      version: () => core.roster.version,
      at: (name) => placed(name).flatMap(({ hook, participant }) => (hook.name === name ? [participant] : [])),
    });
    // A block shares the operations of the scope it is in; a session has its own, so that no state crosses.
    const isBlock = within !== undefined && within.session === undefined;
    this.operations = isBlock ? within.parent.operations : new Operations();
    this.sessionId = within?.session ?? within?.parent.sessionId;
  }

  emit<K extends keyof M & string>(
    hook: K,
    payload: PayloadOf<M, K> | (() => PayloadOf<M, K>),
    options?: EmitOptions,
  ): Promise<Outcome<PayloadOf<M, K>, ReplaceOf<M, K>>> {
    return this.#fire(hook, payload, options) as Promise<Outcome<PayloadOf<M, K>, ReplaceOf<M, K>>>;
  }

  has(hook: keyof M & string): boolean {
    return this.scopedHook(hook).has();
  }

  hook<K extends keyof M & string>(hook: K): Hook<PayloadOf<M, K>, ReplaceOf<M, K>> {
    return this.scopedHook(hook) as unknown as Hook<PayloadOf<M, K>, ReplaceOf<M, K>>;
  }

  on<K extends keyof M & string>(hook: K, handler: Handler<PayloadOf<M, K>>, options: HandlerOptions = {}): () => void {
    this.assertOpen();
    const loaded = this.#core.loadedHook(hook);
    return this.audience.add(loaded, handlerParticipant(loaded, handler as Handler<AnyPayload>, options));
  }

  default<K extends keyof M & string>(hook: K, handler: Handler<PayloadOf<M, K>>, options: HandlerOptions = {}): () => void {
    return this.on(hook, handler, { name: 'default', ...options });
  }

  operation(id: string = `o${randomBytes(9).toString('base64url')}`): Operation<M> {
    this.assertOpen();
    const state = this.operations.open(id);
    let isOver = false;
    const end = (): void => {
      if (!isOver) this.operations.end(id);
      isOver = true;
    };
    const ended = (): Promise<never> => Promise.reject(new HostError('SCOPE_CLOSED', `Cannot use operation "${id}": it has ended`));
    return {
      id,
      emit: (hook, payload, options) => (isOver ? ended() : (this.#fire(hook, payload, options, { operation: state }) as never)),
      end,
      [Symbol.dispose]: end,
    };
  }

  async using<T>(plugins: readonly string[], body: (scope: Session<M>) => T | Promise<T>): Promise<T> {
    const scope = this.open({ plugins });
    try {
      return await body(scope);
    } finally {
      await scope.close();
    }
  }

  explain(hook: keyof M & string): Explanation {
    return explain(this.#core, this.audience.plan(this.#core.loadedHook(hook)));
  }

  /** Opens a scope inside this one: a session when it has an id, else a block. */
  open(options: { id?: string; plugins?: readonly string[] }): HostScope<M> & Session<M> {
    this.assertOpen();
    const plugins = (options.plugins ?? []).flatMap((name) => this.#core.expand(name));
    const placed = plugins.flatMap((plugin) => this.#core.sessionParticipants(plugin));
    const scope = new HostScope<M>(this.#core, { parent: this, plugins, ...(options.id === undefined ? {} : { session: options.id }) });
    // A circle with a handler of the application's shows here and not at the first event.
    for (const { hook } of placed) scope.audience.plan(hook);
    return scope as HostScope<M> & Session<M>;
  }

  get id(): string {
    return this.sessionId ?? '';
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  assertOpen(): void {
    this.#core.assertRunning();
    if (this.#closed) throw new HostError('SCOPE_CLOSED', 'Cannot use the scope: it has been closed');
    this.#parent?.assertOpen();
  }

  scopedHook(hook: string): ScopedHook {
    let scoped = this.#hooks.get(hook);
    if (scoped === undefined) {
      scoped = new ScopedHook(this.#core, this as unknown as HostScope, this.#core.loadedHook(hook));
      this.#hooks.set(hook, scoped);
    }
    return scoped;
  }

  #fire(hook: string, payload: unknown, options: EmitOptions | undefined, from?: Pick<Origin, 'operation'>): Promise<Outcome> {
    try {
      return this.scopedHook(hook).fire(payload as AnyPayload, options, from);
    } catch (error) {
      return Promise.reject(error);
    }
  }
}
