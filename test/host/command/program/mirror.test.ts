import { catalogs } from '@outrigger/schemas';
import { describe, expect, test } from 'vitest';
import { configTypesOf } from '../../../../host/command/program/config-sources.ts';
import { Mirror } from '../../../../host/command/program/mirror.ts';
import { SLOTS } from '../../../../host/command/program/slots.ts';
import type { InvocationData, ParserData } from '../../../../host/command/program/types.ts';
import { applyPatch } from '../../../../host/dispatcher/patch.ts';

class Job {
  count = 1;
  log = (): void => undefined;
}

function live(): InvocationData {
  const configTypes = configTypesOf({ one: { x: 1, deep: { y: [1] } } });
  const configs = { one: { x: 1, deep: { y: [1] }, live: new Map() } };
  const given = { knownArgs: { one_path: 'a.yaml', gone: undefined }, unknownArgs: ['a=1'], configs, result: undefined };
  return { name: 'job', target: Job, configTypes, cwd: '/', command: new Job(), ...given };
}

/** A plugin’s answer, applied as the host does it. */
const answered = (mirror: Mirror, changes: object): Record<string, unknown> =>
  applyPatch(mirror.payload, changes) as Record<string, unknown>;

test('payload says what the command is', () => {
  const parser: ParserData = { name: 'job', description: 'Works.', target: () => 1, configTypes: {}, flags: {} };
  expect(new Mirror('parser_hook', parser).payload['command']).toEqual({ kind: 'function', target: 'target', doc: 'Works.' });
});

test('payload has the fields that the catalog asks for, slot by slot', () => {
  for (const slot of SLOTS) {
    const parser: ParserData = { name: 'job', target: Job, configTypes: live().configTypes, flags: {} };
    const { payload } = new Mirror(slot, slot === 'parser_hook' ? parser : live());
    const hook = catalogs['coma']?.hooks[slot] as unknown as { payload: { required: string[]; properties: object }; writable: string[] };
    expect(Object.keys(payload)).toEqual(expect.arrayContaining(hook.payload.required));
    expect(Object.keys(hook.payload.properties)).toEqual(expect.arrayContaining(Object.keys(payload)));
  }
  expect(new Mirror('pre_config_hook', live()).payload).toEqual({
    name: 'job',
    command: { kind: 'class', target: 'Job', fields: { count: 1 } },
    known_args: { one_path: 'a.yaml' },
    unknown_args: ['a=1'],
    configs: { one: { type: 'Object', defaults: { x: 1, deep: { y: [1] } }, path: 'a.yaml' } },
  });
  expect(new Mirror('post_run_hook', live()).payload).toMatchObject({ result: null, configs: { one: { x: 1, deep: { y: [1] } } } });
});

describe('absorb()', () => {
  test('sets what changed in the living objects, and keeps them and what is no data', () => {
    const data = live();
    const { one } = data.configs as { one: { x?: number; deep: { y: number[] }; live: Map<string, string> } };
    const { deep } = one;
    const mirror = new Mirror('post_config_hook', data);
    mirror.absorb(answered(mirror, { configs: { one: { x: null, deep: { y: [2], z: { new: true } } } }, unknown_args: ['b=2'] }));
    expect(data.configs['one']).toBe(one);
    expect(one.deep).toBe(deep);
    expect(one).toEqual({ deep: { y: [2], z: { new: true } }, live: new Map() });
    expect(data.unknownArgs).toEqual(['b=2']);
  });

  test('sets fields of the instance and the result', () => {
    const data = live();
    const fields = new Mirror('pre_run_hook', data);
    fields.absorb(answered(fields, { command: { fields: { count: 5 } } }));
    expect(data.command).toBeInstanceOf(Job);
    expect(data.command).toMatchObject({ count: 5 });
    const result = new Mirror('post_run_hook', data);
    result.absorb(answered(result, { result: { text: 'x' } }));
    expect(data.result).toEqual({ text: 'x' });
  });

  test('changes nothing when the payload did not change', () => {
    const data = live();
    data.result = new Map();
    const mirror = new Mirror('post_run_hook', data);
    mirror.absorb(mirror.payload);
    expect(data.result).toEqual(new Map());
  });

  test('makes "__proto__" a key and nothing else', () => {
    const data = live();
    const mirror = new Mirror('post_config_hook', data);
    mirror.absorb(answered(mirror, { configs: { one: JSON.parse('{"__proto__": {"polluted": 1}}') } }));
    expect(Object.getPrototypeOf(data.configs['one'])).toBe(Object.prototype);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe('changes()', () => {
  test('are undefined when nothing changed, and once told', () => {
    const data = live();
    const mirror = new Mirror('post_config_hook', data);
    expect(mirror.changes()).toBeUndefined();
    (data.configs['one'] as { x: number }).x = 2;
    expect(mirror.changes()).toEqual({ configs: { one: { x: 2 } } });
    expect(mirror.changes()).toBeUndefined();
  });

  test('name what went and what came, and only what the slot may change', () => {
    const data = live();
    const mirror = new Mirror('pre_run_hook', data);
    data.command = Object.assign(new Job(), { more: [1] });
    (data.command as { count?: number }).count = undefined as never;
    data.knownArgs['new'] = 1;
    expect(mirror.changes()).toEqual({ command: { fields: { count: null, more: [1] } } });
  });

  test('lose no null that a patch cannot say', () => {
    const data = live();
    const one = data.configs['one'] as { x: number | null };
    const mirror = new Mirror('post_config_hook', data);
    one.x = null;
    const changes = mirror.changes();
    expect(changes).toEqual({ configs: { one: { x: null } } });
    mirror.absorb(answered(mirror, changes as object));
    expect(one).toHaveProperty('x', null);
  });
});
