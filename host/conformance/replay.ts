import { equal } from '@outrigger/schemas/runtime';
import { pointerBelow } from '../protocol/json-pointer.ts';
import { CheckFailure } from './check-failure.ts';
import { type Id, isAnswer, isObject } from './messages.ts';
import type { Recorded } from './recording.ts';
import type { Json, Target } from './types.ts';
import { WireClient } from './wire-client.ts';

/** Where a plugin first said something else than in the recording. */
export interface Difference {
  /** Place in the recording, from 1. */
  readonly line: number;
  readonly what: string;
  readonly recorded: unknown;
  /** Undefined: it said nothing. */
  readonly now: unknown;
  /** JSON Pointers that differ. */
  readonly pointers: readonly string[];
}

export interface Replayed {
  readonly plugin: string;
  /** What the plugin said that was compared. */
  readonly compared: number;
  readonly difference: Difference | undefined;
}

const ANSWER_MS = 10_000;

/** Says to a plugin what the host said in a recording, and compares its answers and requests. Leaves no process behind. */
export async function replay(records: readonly Recorded[], target: Target): Promise<Replayed> {
  const player = new Player(target);
  try {
    for (const [index, recorded] of records.entries()) {
      const difference = await player.play(recorded, index + 1);
      if (difference !== undefined) return { plugin: target.name, compared: player.compared, difference };
    }
    return { plugin: target.name, compared: player.compared, difference: undefined };
  } finally {
    await player.end();
  }
}

class Player {
  compared = 0;
  readonly #target: Target;
  #client: WireClient | undefined;
  /** Id of a request of the plugin in the recording → its id now. */
  #ids = new Map<unknown, unknown>();
  /** Requests of the plugin that were compared. */
  #seen = new Set<Json>();

  constructor(target: Target) {
    this.#target = target;
  }

  async end(): Promise<void> {
    await this.#client?.kill();
  }

  async play(recorded: Recorded, line: number): Promise<Difference | undefined> {
    if (recorded.kind === 'start') await this.#restart();
    if (recorded.kind === 'text' && recorded.from === 'host') this.#running().send(recorded.text);
    if (recorded.kind !== 'message') return undefined;
    const { from, message } = recorded;
    if (from === 'host') this.#say(message);
    else if (isAnswer(message)) return this.#compareAnswer(message, line);
    else if (message['id'] !== undefined) return this.#compareRequest(message, line);
    // Logs and progress may differ from run to run.
    return undefined;
  }

  async #restart(): Promise<void> {
    await this.end();
    this.#client = new WireClient(this.#target);
    this.#client.onRequest = () => undefined;
    this.#ids = new Map();
    this.#seen = new Set();
  }

  #running(): WireClient {
    if (this.#client === undefined) throw new TypeError('a recording begins with a start');
    return this.#client;
  }

  #say(message: Json): void {
    const id = isAnswer(message) && this.#ids.has(message['id']) ? this.#ids.get(message['id']) : message['id'];
    this.#running().send({ ...message, ...(id === undefined ? {} : { id }) });
  }

  async #compareAnswer(message: Json, line: number): Promise<Difference | undefined> {
    const id = message['id'] as Id;
    const said = async (): Promise<Json> => this.#running().answer(id, 'a request of the recording', ANSWER_MS);
    return this.#compare({ line, what: `the answer with id ${JSON.stringify(id)}`, recorded: message }, said, ['result', 'error']);
  }

  async #compareRequest(message: Json, line: number): Promise<Difference | undefined> {
    const client = this.#running();
    const method = String(message['method']);
    const next = (): Json | undefined => client.sent(method).find((one) => !this.#seen.has(one));
    const said = async (): Promise<Json> => {
      await client.until(() => next() !== undefined, `no request "${method}"`, ANSWER_MS);
      const found = next() as Json;
      this.#seen.add(found);
      this.#ids.set(message['id'], found['id']);
      return found;
    };
    return this.#compare({ line, what: `the request "${method}"`, recorded: message }, said, ['method', 'params']);
  }

  async #compare(
    about: { readonly line: number; readonly what: string; readonly recorded: Json },
    said: () => Promise<Json>,
    keys: readonly string[],
  ): Promise<Difference | undefined> {
    const part = (message: Json): Json => Object.fromEntries(keys.filter((key) => key in message).map((key) => [key, message[key]]));
    this.compared += 1;
    const recorded = part(about.recorded);
    try {
      const now = part(await said());
      if (equal(recorded, now)) return undefined;
      return { ...about, recorded, now, pointers: differing(recorded, now) };
    } catch (error) {
      if (!(error instanceof CheckFailure)) throw error;
      return { ...about, what: `${about.what}: ${error.message}`, recorded, now: undefined, pointers: [] };
    }
  }
}

/** JSON Pointers of the deepest places where two values differ. */
function differing(one: unknown, other: unknown, pointer = ''): string[] {
  if (equal(one, other)) return [];
  if (!isObject(one) || !isObject(other)) return [pointer];
  const keys = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return keys.flatMap((key) => differing(one[key], other[key], pointerBelow(pointer, key)));
}
