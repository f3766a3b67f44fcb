import type { Logger } from '../protocol/types.ts';
import type { CallReply, HookCall, PluginHandle } from '../supervisor/types.ts';

/** Shorter values are in ordinary text by chance: they are not looked for. */
export const SHORTEST_REDACTED = 6;
/** A line of a longer value, such as a key in PEM, is looked for by itself from this length on. */
const SHORTEST_LINE = 16;
/** Spellings kept; the oldest is forgotten beyond it. */
const MAX_SPELLINGS = 4096;
const DEEPEST = 200;
/** Bounds of a violation's texts, as the schema of answers has them. */
export const VIOLATION_LENGTHS: Readonly<Record<string, number>> = { code: 128, reason: 2000, description: 20_000 };

/**
 * Replaces secrets that were handed out by `[secret NAME]` in what is written for people: logs, traces, failures. Against
 * accidents only: a plugin that may read a secret can spell it in ways nobody looks for.
 */
export class SecretGuard {
  readonly #marks: Map<string, string> = new Map();
  #pattern: RegExp | undefined;

  /** True: nothing was handed out yet, and looking is wasted work. */
  get isEmpty(): boolean {
    return this.#marks.size === 0;
  }

  /** From now on this value is replaced, also as it looks in JSON, in a URL and in base64. */
  remember(name: string, value: string): void {
    for (const spelling of spellingsOf(value)) {
      this.#marks.delete(spelling);
      this.#marks.set(spelling, `[secret ${name}]`);
    }
    for (const oldest of this.#marks.keys()) {
      if (this.#marks.size <= MAX_SPELLINGS) break;
      this.#marks.delete(oldest);
    }
    this.#pattern = undefined;
  }

  text(text: string): string {
    if (this.isEmpty) return text;
    this.#pattern ??= anyOf([...this.#marks.keys()]);
    return text.replace(this.#pattern, (found) => this.#marks.get(found) ?? '[secret]');
  }

  /** The same for every text and key of plain data, which is left as it is; the very value when there is nothing to replace. */
  data<T>(value: T): T {
    return this.isEmpty ? value : (this.#copy(value, 0) as T);
  }

  #copy(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return this.text(value);
    if (typeof value !== 'object' || value === null) return value;
    // Deeper than any message may be: a circle of the application's own.
    if (depth > DEEPEST) return '[too deep]';
    if (Array.isArray(value)) return unlessSame(value, (item) => this.#copy(item, depth + 1));
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) return value;
    const entries = Object.entries(value);
    const copied = entries.map(([key, item]) => [this.text(key), this.#copy(item, depth + 1)] as const);
    const isSame = copied.every(([key, item], index) => key === entries[index]?.[0] && item === entries[index]?.[1]);
    return isSame ? value : Object.fromEntries(copied);
  }
}

/** The same log without secrets in it. */
export function guardedLog(log: Logger, guard: SecretGuard): Logger {
  const write =
    (level: keyof Logger): Logger[typeof level] =>
    (message, fields) =>
      guard.isEmpty ? log[level](message, fields) : log[level](guard.text(message), guard.data(fields));
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

/** The same plugin without secrets in why it failed or blocked; what it changes or gives as a value is its answer and stays. */
export function guardedHandle(plugin: PluginHandle, guard: SecretGuard): PluginHandle {
  return {
    name: plugin.name,
    invoke: (call) => plugin.invoke(guardedCall(call, guard)),
    notify: (shared) => plugin.notify(shared),
  };
}

function guardedCall(call: HookCall, guard: SecretGuard): HookCall {
  const { event, hook, shared, state, timeoutMs, deadline, idempotent } = call;
  return { event, hook, shared, state, timeoutMs, deadline, idempotent, settle: (reply) => call.settle(guardedReply(reply, guard)) };
}

function guardedReply(reply: CallReply, guard: SecretGuard): CallReply {
  if (guard.isEmpty) return reply;
  if (!reply.ok) return { ...reply, failure: { ...reply.failure, message: guard.text(reply.failure.message) } };
  const { answer } = reply;
  if (typeof answer !== 'object' || answer === null || !('violation' in answer)) return reply;
  return { ...reply, answer: { ...answer, violation: inBounds(guard.data(answer.violation), answer.violation) } };
}

/** What was short enough stays so: a mark may be longer than the secret it stands for, and a block must not fail for that. */
function inBounds(violation: unknown, given: unknown): unknown {
  if (violation === given || typeof violation !== 'object' || violation === null) return violation;
  const cut = Object.entries(VIOLATION_LENGTHS).flatMap(([field, most]) => {
    const [text, before] = [violation, given].map((one) => (one as Readonly<Record<string, unknown>>)[field]);
    const isGrown = typeof text === 'string' && typeof before === 'string' && text.length > most && before.length <= most;
    return isGrown ? [[field, text.slice(0, most).toWellFormed()]] : [];
  });
  return { ...violation, ...Object.fromEntries(cut) };
}

function spellingsOf(value: string): Set<string> {
  const whole = [value, value.trim()];
  const lines = value.split(/\r?\n/);
  const texts = lines.length > 1 ? [...whole, ...lines.map((line) => line.trim()).filter((line) => line.length >= SHORTEST_LINE)] : whole;
  const spellings = texts.flatMap((text) => [text, JSON.stringify(text).slice(1, -1), inUrl(text), ...inBase64(text)]);
  return new Set(spellings.filter((spelling) => spelling.length >= SHORTEST_REDACTED));
}

function inUrl(text: string): string {
  // Half a character pair has no spelling in a URL.
  return text.isWellFormed() ? encodeURIComponent(text) : text;
}

function inBase64(text: string): string[] {
  const bytes = Buffer.from(text);
  return [bytes.toString('base64').replace(/=+$/, ''), bytes.toString('base64url')];
}

function anyOf(texts: string[]): RegExp {
  // The longest first: where one is the beginning of another, nothing of the longer one may be left.
  const sorted = texts.sort((a, b) => b.length - a.length);
  return new RegExp(sorted.map((text) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'), 'g');
}

function unlessSame(list: readonly unknown[], copy: (item: unknown) => unknown): readonly unknown[] {
  const copied = list.map(copy);
  return copied.every((item, index) => item === list[index]) ? list : copied;
}
