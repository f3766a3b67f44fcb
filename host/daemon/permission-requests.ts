import type { PermissionRequestParams, PermissionRequestResult, Permissions } from '@outrigger/schemas';
import { PacedReport } from '../process/paced-report.ts';
import { plainText } from '../process/plain-text.ts';
import { errorText, HostError } from '../protocol/errors.ts';
import type { Logger } from '../protocol/types.ts';
import { type ConsentLine, consentLines, isEmpty, union, widerThan } from '../sandbox/policy/permissions.ts';
import type { LiveGrants } from './live-grants.ts';

/** `once`: until this host ends; `always`: from now on, written into the lock file. */
export type Consent = 'once' | 'always' | 'no';

/** A plugin asks for permissions that its manifest lists as optional. */
export interface PermissionQuestion {
  readonly plugin: string;
  readonly permissions: Permissions;
  /** The plugin's own words: one line without control characters, to be shown as a quotation. */
  readonly reason: string | undefined;
  /** The permissions in plain words, the widest first. */
  readonly lines: readonly ConsentLine[];
  /** Aborted when the answer is not needed any more: five minutes are over, or the plugin is gone. */
  readonly signal: AbortSignal;
}

export type AskPermission = (question: PermissionQuestion) => Consent | Promise<Consent>;

export interface RequestDeps {
  readonly optional: (plugin: string) => Permissions;
  readonly grants: LiveGrants;
  /** Undefined: there is nobody to ask, which means no. */
  readonly ask: AskPermission | undefined;
  /** Writes a grant down for good, or tells why that is not possible. */
  readonly record: (plugin: string, permissions: Permissions) => Promise<string | undefined>;
  /** Told of each grant, in words. */
  readonly onGranted?: (plugin: string, what: string) => void;
  readonly log: Logger;
  /** Default five minutes. */
  readonly deadlineMs?: number;
}

/** Questions one plugin may cause while this host lives. */
export const MAX_QUESTIONS = 20;
const DEADLINE_MS = 300_000;
const MAX_REASON_CHARS = 500;
// Controls, line ends of other alphabets, and the marks that turn the direction of writing.
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu;

/** One question, and how many requests of the plugin wait for its answer. */
interface Open {
  readonly gone: AbortController;
  readonly isGranted: Promise<boolean>;
  waiting: number;
}

interface Asker {
  questions: number;
  /** Requests that were refused, and are not put to anybody again. */
  readonly refused: Set<string>;
  readonly open: Map<string, Open>;
  /** One question at a time. */
  tail: Promise<unknown>;
  /** What nobody was asked about, told to the log. */
  readonly refusals: PacedReport;
}

/** `permission/request`: optional permissions at first use. Whoever is asked is asked seldom, and silence means no. */
export class PermissionRequests {
  readonly #deps: RequestDeps;
  readonly #askers: Map<string, Asker> = new Map();

  constructor(deps: RequestDeps) {
    this.#deps = deps;
  }

  /** Rejects with PERMISSION_DENIED for what the manifest does not list, EVENT_CANCELLED when the plugin takes it back. */
  async request(plugin: string, params: PermissionRequestParams, signal: AbortSignal): Promise<PermissionRequestResult> {
    const { grants } = this.#deps;
    const wanted = union(params.permissions, {});
    const missing = widerThan(wanted, grants.of(plugin));
    if (!isEmpty(missing)) {
      this.#refuseUnlisted(plugin, missing);
      if (!(await this.#isGranted(plugin, { ...params, permissions: missing }, signal))) return { granted: false };
    }
    return { granted: true, effective: grants.effective(plugin, wanted) };
  }

  #refuseUnlisted(plugin: string, permissions: Permissions): void {
    const unlisted = widerThan(permissions, this.#deps.optional(plugin));
    if (isEmpty(unlisted)) return;
    const message = `Cannot ask for ${inShort(unlisted)}: the manifest of plugin "${plugin}" does not list it under optionalPermissions`;
    throw new HostError('PERMISSION_DENIED', message);
  }

  async #isGranted(plugin: string, wish: PermissionRequestParams, signal: AbortSignal): Promise<boolean> {
    const asker = this.#askerOf(plugin);
    const key = canonical(wish.permissions);
    const { ask } = this.#deps;
    const refusal = refusalOf(asker, key, ask !== undefined);
    if (ask === undefined || refusal !== undefined) {
      if (asker.refusals.passes()) this.#deps.log.info('permission refused', { plugin, permissions: wish.permissions, reason: refusal });
      return false;
    }
    const open = asker.open.get(key) ?? this.#open(plugin, wish, { asker, key, ask });
    return waitFor(open, signal);
  }

  #askerOf(plugin: string): Asker {
    let asker = this.#askers.get(plugin);
    if (asker === undefined) {
      const { log } = this.#deps;
      const refusals = new PacedReport((count) => log.info('permissions refused', { plugin, count, reason: 'more within one second' }));
      asker = { questions: 0, refused: new Set(), open: new Map(), tail: Promise.resolve(), refusals };
      this.#askers.set(plugin, asker);
    }
    return asker;
  }

  #open(plugin: string, wish: PermissionRequestParams, by: { asker: Asker; key: string; ask: AskPermission }): Open {
    const { asker, key, ask } = by;
    asker.questions += 1;
    const gone = new AbortController();
    const isGranted = asker.tail.then(async () => {
      const consent = gone.signal.aborted ? undefined : await this.#consent(plugin, wish, { ask, gone: gone.signal });
      if (consent === 'no') asker.refused.add(key);
      if (consent === undefined || consent === 'no') return false;
      await this.#grant(plugin, wish.permissions, consent);
      return true;
    });
    asker.tail = isGranted;
    const open = { gone, isGranted, waiting: 0 };
    asker.open.set(key, open);
    gone.signal.addEventListener('abort', () => asker.open.delete(key));
    return open;
  }

  /** Undefined: nobody waits for the answer any more. Never rejects. */
  async #consent(
    plugin: string,
    { permissions, reason }: PermissionRequestParams,
    { ask, gone }: { ask: AskPermission; gone: AbortSignal },
  ): Promise<Consent | undefined> {
    const { log, deadlineMs = DEADLINE_MS } = this.#deps;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), deadlineMs);
    const signal = AbortSignal.any([gone, late.signal]);
    try {
      const lines = consentLines(permissions);
      const answer: unknown = await unlessAborted(ask({ plugin, permissions, reason: inOneLine(reason), lines, signal }), signal);
      if (answer === 'once' || answer === 'always') return answer;
      if (answer !== 'no' && answer !== undefined)
        log.error('permission question failed', { plugin, reason: 'its answer is not once, always or no' });
    } catch (error) {
      log.error('permission question failed', { plugin, reason: errorText(error) });
    } finally {
      clearTimeout(timer);
    }
    return gone.aborted ? undefined : 'no';
  }

  async #grant(plugin: string, permissions: Permissions, consent: 'once' | 'always'): Promise<void> {
    const { grants, record, log, onGranted } = this.#deps;
    grants.add(plugin, permissions);
    log.info('permission granted', { plugin, permissions, consent });
    onGranted?.(plugin, `${consent === 'once' ? 'until the host ends' : 'for good'}: ${inShort(permissions)}`);
    if (consent === 'once') return;
    const why = await record(plugin, permissions).catch(errorText);
    if (why !== undefined) log.warn('permission granted until the host ends, and not for good', { plugin, reason: why });
  }
}

/** Why nobody is asked. */
function refusalOf(asker: Asker, key: string, canAsk: boolean): string | undefined {
  if (!canAsk) return 'there is nobody to ask';
  if (asker.refused.has(key)) return 'it was refused before';
  if (asker.open.has(key) || asker.questions < MAX_QUESTIONS) return undefined;
  return `the plugin has asked ${MAX_QUESTIONS} times already`;
}

/** The answer, shared by all who wait for it. When the last one has left, the question is over. */
async function waitFor(open: Open, signal: AbortSignal): Promise<boolean> {
  open.waiting += 1;
  try {
    const answer = await unlessAborted(open.isGranted, signal);
    if (answer !== undefined) return answer;
  } finally {
    open.waiting -= 1;
    if (open.waiting === 0) open.gone.abort();
  }
  throw new HostError('EVENT_CANCELLED', 'The plugin does not need the answer any more');
}

/** The result, or undefined as soon as the signal is aborted. */
async function unlessAborted<T>(result: T | Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  if (signal.aborted) return undefined;
  let giveUp = (): void => undefined;
  const aborted = new Promise<undefined>((resolve) => {
    giveUp = () => resolve(undefined);
  });
  signal.addEventListener('abort', giveUp, { once: true });
  return Promise.race([result, aborted]).finally(() => signal.removeEventListener('abort', giveUp));
}

function inOneLine(reason: string | undefined): string | undefined {
  if (reason === undefined) return undefined;
  return plainText(reason, MAX_REASON_CHARS).replace(UNSAFE, ' ').trim() || undefined;
}

function inShort(permissions: Permissions): string {
  return plainText(JSON.stringify(permissions), 300);
}

/** The same text for the same permissions, in whatever order they are written. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).sort().join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? '';
  const entries = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`);
  return `{${entries.sort().join()}}`;
}
