import { errorText, HostError } from '../protocol/errors.ts';
import { smallWeight, textWeight } from '../protocol/json-weight.ts';
import { isoTime } from './event-id.ts';
import type { EventRun } from './event-run.ts';
import { frozenCopy } from './frozen-copy.ts';
import { type Hidden, redact } from './redact.ts';

type Payload = Record<string, unknown>;

/** What the payload of one event looks like to those who are asked; each form is made once, until the payload changes. */
export class PayloadForms {
  readonly #run: EventRun;
  #text: string | undefined;
  /** The payload in it. It is what is weighed: a text put together of others would have to be copied for that. */
  #json = '';
  #textOf: unknown;
  /** By what they leave out; at most three, and only of a hook point that marks fields. */
  #redacted: Map<Hidden, { readonly of: unknown; readonly json: string; readonly text: string }> | undefined;
  #copy: Payload | undefined;
  #copyOf: unknown;
  #copyBytes = 0;

  constructor(run: EventRun) {
    this.#run = run;
  }

  /** `"event":…,"hook":…,"context":…,"payload":…`. Throws PAYLOAD_INVALID. */
  text(payload: Payload): string {
    if (this.#text === undefined || this.#textOf !== payload) {
      this.#json = this.#made(() => JSON.stringify(payload));
      this.#text = this.#message(this.#json);
      this.#textOf = payload;
    }
    return this.#text;
  }

  /** The same without the marked fields of these kinds. Throws PAYLOAD_INVALID. */
  textWithout(payload: Payload, hidden: Hidden): string {
    const known = this.#redacted?.get(hidden);
    if (known?.of === payload) return known.text;
    const json = this.#made(() => JSON.stringify(redact(payload, this.#run.hook.sensitive?.payload, hidden)));
    const text = this.#message(json);
    this.#redacted ??= new Map();
    this.#redacted.set(hidden, { of: payload, json, text });
    return text;
  }

  /** A copy that nobody can change. Throws PAYLOAD_INVALID. */
  view(payload: Payload): Payload {
    if (this.#copy === undefined || this.#copyOf !== payload) {
      const { copy, bytes } = this.#made(() => frozenCopy(payload));
      this.#copy = copy;
      this.#copyOf = payload;
      this.#copyBytes = bytes;
    }
    return this.#copy;
  }

  /** Lets go of all of them; the result is roughly what one version of the payload takes, in bytes. */
  end(): number {
    const weight = this.#weight();
    this.#text = undefined;
    this.#json = '';
    this.#textOf = undefined;
    this.#redacted = undefined;
    this.#copy = undefined;
    this.#copyOf = undefined;
    return weight;
  }

  #weight(): number {
    if (this.#text !== undefined) return textWeight(this.#json);
    if (this.#redacted === undefined) return smallWeight(this.#copyBytes);
    return Math.max(...[...this.#redacted.values()].map(({ json }) => textWeight(json)));
  }

  #message(payload: string): string {
    const { event, hook } = this.#run;
    return `"event":"${event}","hook":"${hook.name}","context":${this.#contextText()},"payload":${payload}`;
  }

  /** Most events have nothing but a time. */
  #contextText(): string {
    const { operation, session, parent, traceparent } = this.#run.origin;
    const isPlain = operation === undefined && session === undefined && parent === undefined && traceparent === undefined;
    return isPlain ? `{"time":"${isoTime(this.#run.time)}"}` : JSON.stringify(this.#run.context);
  }

  #made<T>(make: () => T): T {
    try {
      return make();
    } catch (cause) {
      const message = `Cannot emit "${this.#run.hook.name}": the payload is not JSON: ${errorText(cause)}`;
      throw new HostError('PAYLOAD_INVALID', message, { cause });
    }
  }
}
