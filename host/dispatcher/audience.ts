import type { LoadedHook } from '../registry/types.ts';
import { makePlan, type Participant, type Plan } from './plan.ts';

/** Participants that come and go by themselves. */
export interface Members {
  /** Grows with every change of them. */
  version(): number;
  at(hook: string): readonly Participant[];
}

const NOBODY: Members = { version: () => 0, at: () => [] };

/**
 * Who hears what in one scope: its own participants and those of the scopes around it. Plans are made when first
 * needed and kept until somebody comes or goes.
 */
export class Audience {
  readonly #parent: Audience | undefined;
  readonly #members: Members;
  readonly #participants: Map<string, Participant[]> = new Map();
  readonly #plans: Map<string, { version: number; plan: Plan }> = new Map();
  #version = 0;

  constructor(parent?: Audience, members: Members = NOBODY) {
    this.#parent = parent;
    this.#members = members;
  }

  /** Grows with every change here or in a scope around this one. */
  get version(): number {
    return this.#version + this.#members.version() + (this.#parent === undefined ? 0 : this.#parent.version);
  }

  /** Adds a participant; the result removes it. Throws ORDER_CYCLE, and then nothing is added. */
  add(hook: LoadedHook, participant: Participant): () => void {
    const list = this.#participants.get(hook.name) ?? [];
    this.#participants.set(hook.name, list);
    list.push(participant);
    this.#version += 1;
    const remove = (): void => {
      const index = list.indexOf(participant);
      if (index < 0) return;
      list.splice(index, 1);
      this.#version += 1;
    };
    if (participant.handler !== undefined) {
      try {
        this.plan(hook);
      } catch (error) {
        remove();
        throw error;
      }
    }
    return remove;
  }

  plan(hook: LoadedHook): Plan {
    const { version } = this;
    const kept = this.#plans.get(hook.name);
    if (kept?.version === version) return kept.plan;
    const plan = this.#make(hook);
    this.#plans.set(hook.name, { version, plan });
    return plan;
  }

  /** Where nobody joins those around it, their plan, which is kept there for all such scopes. */
  #make(hook: LoadedHook): Plan {
    const { name } = hook;
    if (this.#parent !== undefined && this.#own(name).length === 0) return this.#parent.plan(hook);
    return makePlan(hook, this.#all(name));
  }

  #all(hook: string): Participant[] {
    const around = this.#parent === undefined ? [] : this.#parent.#all(hook);
    return [...around, ...this.#own(hook)];
  }

  #own(hook: string): Participant[] {
    return [...this.#members.at(hook), ...(this.#participants.get(hook) ?? [])];
  }
}
