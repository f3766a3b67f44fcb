import type { HookMap } from '@outrigger/schemas';
import { equal } from '@outrigger/schemas/runtime';
import { applyPatch, isFields } from '../../dispatcher/patch.ts';
import { isClass } from './config-sources.ts';
import { fieldsToData, toData } from './to-data.ts';
import type { InvocationData, ParserData, Slot } from './types.ts';

type Fields = Record<string, unknown>;
type Command = HookMap['coma.run_hook']['payload']['command'];

/** A part of a payload that may change, and the field of the live data that it is. */
const PARTS = {
  flags: 'flags',
  known_args: 'knownArgs',
  unknown_args: 'unknownArgs',
  configs: 'configs',
  fields: 'command',
  result: 'result',
} as const;
type Part = keyof typeof PARTS;

/** What the catalog lets handlers of each slot change. */
const WRITABLE: Readonly<Record<Slot, readonly Part[]>> = {
  parser_hook: ['flags'],
  pre_config_hook: ['known_args', 'unknown_args'],
  config_hook: ['known_args', 'unknown_args'],
  post_config_hook: ['configs', 'unknown_args'],
  pre_init_hook: ['configs'],
  init_hook: ['configs'],
  post_init_hook: ['fields'],
  pre_run_hook: ['fields'],
  run_hook: ['fields'],
  post_run_hook: ['result'],
};
const BEFORE_LOADING: readonly Slot[] = ['pre_config_hook', 'config_hook'];

/** Keeps the live data of hooks in this process and the payload that plugins see in step, during one event. */
export class Mirror {
  readonly payload: Fields;
  readonly #live: Fields;
  readonly #parts: readonly Part[];
  /** The writable parts as the payload has them. */
  #shown: Fields;

  constructor(slot: Slot, live: ParserData | InvocationData) {
    this.#live = live as unknown as Fields;
    this.#parts = WRITABLE[slot];
    this.payload = 'flags' in live ? parserPayload(live) : invocationPayload(slot, live);
    this.#shown = this.#partsOf(this.payload);
  }

  /** Takes over what plugins changed; what is no data, and so was not shown to them, stays. */
  absorb(payload: Readonly<Fields>): void {
    const shown = this.#partsOf(payload);
    for (const part of this.#parts) assignChange(this.#live, PARTS[part], { before: this.#shown[part], after: shown[part] });
    this.#shown = shown;
  }

  /** What hooks changed since then, as changes of the payload; undefined for nothing. */
  changes(): Fields | undefined {
    const now = Object.fromEntries(this.#parts.map((part) => [part, toData(this.#live[PARTS[part]]) ?? null]));
    const patch = patchBetween(this.#shown, now) as Fields | undefined;
    if (patch === undefined) return undefined;
    this.#shown = applyPatch(this.#shown, patch) as Fields;
    const { fields, ...others } = patch;
    return fields === undefined ? others : { ...others, command: { fields } };
  }

  #partsOf(payload: Readonly<Fields>): Fields {
    const read = (part: Part): unknown => (part === 'fields' ? (payload['command'] as Command).fields : payload[part]);
    return Object.fromEntries(this.#parts.map((part) => [part, read(part)]));
  }
}

function parserPayload(data: ParserData): Fields {
  const { name, configTypes, flags } = data;
  return { name, command: commandData(data), configs: typeData(configTypes, {}), flags: toData(flags) };
}

function invocationPayload(slot: Slot, data: InvocationData): Fields {
  const { name, command, configs, configTypes, knownArgs, unknownArgs, result } = data;
  return {
    name,
    command: commandData(data, command),
    known_args: fieldsToData(knownArgs),
    unknown_args: [...unknownArgs],
    configs: BEFORE_LOADING.includes(slot) ? typeData(configTypes, knownArgs) : fieldsToData(configs),
    ...(slot === 'post_run_hook' ? { result: toData(result) ?? null } : {}),
  };
}

function commandData({ target, description }: ParserData | InvocationData, instance?: object): Command {
  return {
    kind: isClass(target) ? 'class' : 'function',
    target: target.name || 'anonymous',
    ...(description === undefined ? {} : { doc: description }),
    ...(instance === undefined ? {} : { fields: fieldsToData(instance) }),
  };
}

function typeData(types: InvocationData['configTypes'], knownArgs: Readonly<Fields>): Fields {
  const entries = Object.values(types).map(({ id, type, make }) => {
    const path = knownArgs[`${id}_path`];
    return [id, { type, defaults: fieldsToData(make()), ...(typeof path === 'string' ? { path } : {}) }] as const;
  });
  return Object.fromEntries(entries);
}

/** Sets what differs between two states of the data in the living object, as deep down as both sides have fields. */
function assignChange(owner: Fields, key: string, { before, after }: { before: unknown; after: unknown }): void {
  if (equal(before, after)) return;
  const current = Object.hasOwn(owner, key) ? owner[key] : undefined;
  if (!(isFields(current) && isFields(before) && isFields(after))) {
    const value = structuredClone(after);
    // Assigning to this one would set the prototype.
    if (key === '__proto__') Object.defineProperty(owner, key, { value, enumerable: true, configurable: true, writable: true });
    else owner[key] = value;
    return;
  }
  const live = current as Fields;
  for (const name of Object.keys(before)) if (!Object.hasOwn(after, name)) delete live[name];
  for (const name of Object.keys(after)) {
    assignChange(live, name, { before: Object.hasOwn(before, name) ? before[name] : undefined, after: after[name] });
  }
}

/** The JSON Merge Patch from one state to the other; undefined when they are the same. A key that becomes null is removed: patches cannot say more. */
function patchBetween(before: unknown, after: unknown): unknown {
  if (equal(before, after)) return undefined;
  if (!isFields(before) || !isFields(after)) return after;
  const entries: [string, unknown][] = [];
  for (const key of Object.keys(before)) if (!Object.hasOwn(after, key)) entries.push([key, null]);
  for (const key of Object.keys(after)) {
    const change = Object.hasOwn(before, key) ? patchBetween(before[key], after[key]) : after[key];
    if (change !== undefined) entries.push([key, change]);
  }
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
