import type { Answer, Violation } from '@outrigger/schemas';
import { answer as isAnswer } from '@outrigger/schemas/validate-protocol';
import type { Issue } from '../protocol/describe-issues.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import { isDeeper, MAX_DEPTH } from '../protocol/is-deeper.ts';
import type { Failure } from '../protocol/types.ts';
import { check } from '../protocol/validator.ts';
import type { FailurePolicy, LoadedHook, Mode } from '../registry/types.ts';
import { applyPatch, refusedPointer, type Writable, writableTree } from './patch.ts';
import { concealing, concealingAnswer, type Hidden, REDACTED } from './redact.ts';
import { holdsMark, restorePatch } from './restore.ts';

type Payload = Record<string, unknown>;
type Given = NonNullable<Answer>;

/** What one reply means under its mode and the hook point's rules. Pure; nothing is dropped: what is not allowed is a failure. */
export type Judgement =
  | { readonly status: 'continued'; readonly given?: Given; readonly would?: Would }
  | { readonly status: 'modified'; readonly given: Given; readonly before: Payload; readonly payload: Payload; readonly patch: Payload }
  | { readonly status: 'blocked'; readonly given: Given; readonly violation: Violation }
  | { readonly status: 'replaced'; readonly given: Given; readonly value: unknown }
  | { readonly status: 'failed'; readonly failure: Failure }
  | { readonly status: 'cancelled' }
  | { readonly status: 'delivered' };

/** What an answer asked for that its mode does not carry out. */
export type Would =
  | { readonly action: 'modify'; readonly before: Payload; readonly patch: Payload }
  | { readonly action: 'block'; readonly violation: Violation }
  | { readonly action: 'replace'; readonly value: unknown };

export const CONTINUED: Judgement = { status: 'continued' };

/** Whether a mode carries an action out, only records it, or refuses it. */
const POWER: Record<'modify' | 'block' | 'replace', Record<Mode, 'does' | 'would' | 'refused'>> = {
  modify: { sequential: 'does', transform: 'does', audit: 'would', concurrent: 'refused', fire_and_forget: 'refused', disabled: 'refused' },
  block: { sequential: 'does', transform: 'would', audit: 'would', concurrent: 'does', fire_and_forget: 'refused', disabled: 'refused' },
  replace: {
    sequential: 'does',
    transform: 'would',
    audit: 'would',
    concurrent: 'refused',
    fire_and_forget: 'refused',
    disabled: 'refused',
  },
};

const writables = new WeakMap<LoadedHook, Writable>();

function writableOf(hook: LoadedHook): Writable {
  let tree = writables.get(hook);
  if (tree === undefined) {
    tree = writableTree(hook.writable);
    writables.set(hook, tree);
  }
  return tree;
}

export interface Asked {
  readonly hook: LoadedHook;
  readonly mode: Mode;
  readonly payload: Payload;
  /** Marked fields that were not shown to the one who answers. */
  readonly hidden?: Hidden | undefined;
}

function failed(code: ErrorCode, message: string): Judgement {
  return { status: 'failed', failure: { code, message } };
}

/** The usual answer of a plugin that has nothing to say. */
function isEmpty(answer: unknown): boolean {
  if (typeof answer !== 'object' || Array.isArray(answer)) return false;
  for (const _ in answer) return false;
  return true;
}

/** `bytes`: size of the message the answer came in; 0 for an in-process handler, whose depth is known. */
export function judge(asked: Asked, answer: unknown, bytes: number): Judgement {
  if (answer === null || answer === undefined || isEmpty(answer)) return CONTINUED;
  if (bytes > 2 * MAX_DEPTH && isDeeper(answer, MAX_DEPTH)) {
    return failed('ANSWER_INVALID', `Cannot use the answer to "${asked.hook.name}": it nests deeper than ${MAX_DEPTH} levels`);
  }
  const issues = check(isAnswer, answer, concealingAnswer(asked.hook));
  if (issues !== undefined) {
    const hint = typeof answer === 'object' && !('action' in answer) ? '; an answer without an "action" means continue' : '';
    return failed('ANSWER_INVALID', `Cannot use the answer to "${asked.hook.name}": ${inWords(issues, 'it')}${hint}`);
  }
  const given = answer as Given;
  const action = given.action ?? 'continue';
  if (action === 'continue') return { status: 'continued', given };
  if (!asked.hook.allows.has(action)) {
    return failed('ANSWER_NOT_ALLOWED', `Cannot ${action} at "${asked.hook.name}": the hook point allows ${allowed(asked.hook)}`);
  }
  const power = POWER[action][asked.mode];
  if (power === 'refused') return failed('ANSWER_NOT_ALLOWED', `Cannot ${action} at "${asked.hook.name}": mode "${asked.mode}" may not`);
  switch (action) {
    case 'modify':
      return judgeChanges(asked, given, power);
    case 'block': {
      const violation = given.violation as Violation;
      return power === 'does' ? { status: 'blocked', given, violation } : { status: 'continued', given, would: { action, violation } };
    }
    case 'replace':
      return judgeValue(asked, given, power);
  }
}

/** The first few issues as one clause; `whole` is what the empty pointer means. */
export function inWords(issues: readonly Issue[], whole: string): string {
  return issues
    .slice(0, 3)
    .map(({ pointer, message }) => `${pointer || whole} ${message}`)
    .join('; ');
}

function allowed(hook: LoadedHook): string {
  return hook.allows.size === 0 ? 'nothing but "continue"' : [...hook.allows].map((action) => `"${action}"`).join(', ');
}

function judgeChanges(asked: Asked, given: Given, power: 'does' | 'would'): Judgement {
  const { hook, payload } = asked;
  const restored = restoredPatch(asked, given.changes as Payload);
  if ('status' in restored) return restored;
  const { patch } = restored;
  const refused = refusedPointer(writableOf(hook), payload, patch);
  if (refused !== undefined) return notWritable(hook, refused, `writable is ${writableInWords(hook)}`);
  const next = applyPatch(payload, patch) as Payload;
  const issues = check(hook.validatePayload, next, concealing(hook.sensitive?.payload));
  if (issues !== undefined) {
    return failed('ANSWER_PAYLOAD_INVALID', `Cannot apply the changes at "${hook.name}": ${inWords(issues, 'the payload')}`);
  }
  if (power === 'would') return { status: 'continued', given, would: { action: 'modify', before: payload, patch } };
  return { status: 'modified', given, before: payload, payload: next, patch };
}

/** The patch with what its plugin was not shown put back, or why that cannot be done. */
function restoredPatch({ hook, payload, hidden }: Asked, patch: Payload): { readonly patch: Payload } | Judgement {
  const marks = hook.sensitive?.payload;
  if (marks === undefined) return { patch };
  const restored = restorePatch(patch, payload, { marks, writable: writableOf(hook), hidden });
  return 'refused' in restored ? notWritable(hook, restored.refused.pointer, restored.refused.why) : { patch: restored.patch };
}

function notWritable(hook: LoadedHook, pointer: string, why: string): Judgement {
  const shown = concealing(hook.sensitive?.payload)?.pointer(pointer) ?? pointer;
  return failed('ANSWER_NOT_WRITABLE', `Cannot change "${shown}" at "${hook.name}": ${why}`);
}

function writableInWords({ writable }: LoadedHook): string {
  return writable.length === 0 ? 'nothing' : writable.map((pointer) => `"${pointer}"`).join(', ');
}

function judgeValue({ hook }: Asked, given: Given, power: 'does' | 'would'): Judgement {
  const { value } = given;
  const marks = hook.sensitive?.replace;
  const refuse = (why: string): Judgement => failed('ANSWER_VALUE_INVALID', `Cannot use the replacement value at "${hook.name}": ${why}`);
  const issues = hook.validateReplace === undefined ? undefined : check(hook.validateReplace, value, concealing(marks));
  if (issues !== undefined) return refuse(inWords(issues, 'it'));
  if (holdsMark(value, marks)) return refuse(`a field marked "x-sensitive" holds "${REDACTED}", which stands for nothing here`);
  return power === 'does' ? { status: 'replaced', given, value } : { status: 'continued', given, would: { action: 'replace', value } };
}

/** How far an event has come. */
export interface Progress {
  readonly status: 'continued' | 'blocked' | 'replaced';
  readonly payload: Payload;
  readonly by?: string;
  readonly cause?: 'verdict' | 'failure';
  readonly violation?: Violation;
  readonly value?: unknown;
  readonly retryAfterMs?: number;
}

/** Folds one judgement into the event. The first decision stands. */
export function merge(soFar: Progress, by: { plugin: string; onFailure: FailurePolicy }, judgement: Judgement): Progress {
  if (soFar.status !== 'continued') return soFar;
  switch (judgement.status) {
    case 'continued':
    case 'cancelled':
    case 'delivered':
      return soFar;
    case 'modified':
      return { status: 'continued', payload: judgement.payload };
    case 'blocked': {
      const { violation, given } = judgement;
      const decided = { status: 'blocked', payload: soFar.payload, by: by.plugin, cause: 'verdict', violation } as const;
      return given.retryAfterMs === undefined ? decided : { ...decided, retryAfterMs: given.retryAfterMs };
    }
    case 'replaced':
      return { status: 'replaced', payload: soFar.payload, by: by.plugin, value: judgement.value };
    case 'failed':
      if (by.onFailure !== 'fail') return soFar;
      return {
        status: 'blocked',
        payload: soFar.payload,
        by: by.plugin,
        cause: 'failure',
        violation: asViolation(by.plugin, judgement.failure),
      };
  }
}

function asViolation(plugin: string, failure: Failure): Violation {
  const { code, message } = failure;
  // The last lines of its stderr may stand there too.
  const [first] = message.split('\n', 1);
  const reason = `Plugin "${plugin}" failed, and the event must not go on without it: ${first}`.slice(0, 2000);
  return first === message ? { code, reason } : { code, reason, description: message.slice(0, 20_000) };
}
