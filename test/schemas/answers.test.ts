import { existsSync, readdirSync } from 'node:fs';
import { type Answer, catalogs } from '@outrigger/schemas';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Host, Outcome } from '../../host/index.ts';
import { Hosts } from '../support/hosts.ts';
import { ROOT, readJson } from './every-schema.ts';

type Payload = Record<string, unknown>;
type AnyHook = Record<string, { payload: Payload; replace: unknown }>;

interface Example {
  /** Name of the valid example it answers. */
  readonly payload: string;
  readonly answer: Exclude<Answer, null>;
}

const STATUS: Readonly<Record<string, string>> = { modify: 'modified', block: 'blocked', replace: 'replaced' };

const hooks = Object.values(catalogs).flatMap(({ name, hooks }) =>
  Object.entries(hooks).map(([short, rules]) => ({ hook: `${name}.${short}`, ...rules })),
);
const hosts = new Hosts();
let host: Host<AnyHook>;

beforeAll(async () => {
  const config = { catalogs: Object.keys(catalogs) };
  host = (await hosts.open({}, { config })) as unknown as Host<AnyHook>;
});

afterAll(() => hosts.close());

function files(folder: string): string[] {
  const place = new URL(`examples/${folder}/`, ROOT);
  return existsSync(place) ? readdirSync(place).map((file) => `examples/${folder}/${file}`) : [];
}

const payloadOf = (hook: string, name: string): Payload => readJson(`examples/valid/${hook}/${name}.json`);

/** What the host makes of an event to which one handler gives this answer. */
async function outcomeOf(hook: string, payload: Payload, answer: Answer): Promise<Outcome<Payload>> {
  const off = host.on(hook, () => answer, { name: 'one', mode: 'sequential', onFailure: 'fail' });
  try {
    return (await host.emit(hook, payload)) as Outcome<Payload>;
  } finally {
    off();
  }
}

test.each(hooks)('$hook has an example of each answer that it allows', ({ hook, allows = [] }) => {
  const actions = files(`answers/${hook}`).map((path) => readJson<Example>(path).answer.action);

  expect([...new Set(actions)].sort()).toEqual([...allows].sort());
});

describe('the host', () => {
  const examples = hooks.flatMap(({ hook }) => files(`answers/${hook}`).map((path) => ({ hook, path })));

  test.each(examples)('takes $path', async ({ hook, path }) => {
    const { payload, answer } = readJson<Example>(path);
    const before = payloadOf(hook, payload);

    const outcome = await outcomeOf(hook, before, answer);

    expect(outcome.trace.answers, JSON.stringify(outcome.trace.answers)).toMatchObject([
      { plugin: 'one', status: STATUS[answer.action ?? ''] },
    ]);
    expect(outcome.status).toBe(answer.action === 'modify' ? 'continued' : STATUS[answer.action ?? '']);
    if (outcome.status === 'continued') expect(outcome.payload).not.toEqual(before);
  });

  test.each(hooks)('refuses a change of $hook outside what is writable', async ({ hook, allows = [], writable = [] }) => {
    const payloads = files(`valid/${hook}`).map((path) => readJson<Payload>(path));
    const isWritable = (field: string) => writable.some((pointer) => pointer.split('/')[1] === field);
    const found = payloads.flatMap((payload) => Object.keys(payload).map((field) => ({ payload, field })));
    // Where all is writable, a field nobody knows is not.
    const { payload = payloads[0] ?? {}, field = 'unknown' } = found.find(({ field }) => !isWritable(field)) ?? {};

    const outcome = await outcomeOf(hook, payload, { action: 'modify', changes: { [field]: ['changed'] } });

    const code = allows.includes('modify') ? 'ANSWER_NOT_WRITABLE' : 'ANSWER_NOT_ALLOWED';
    expect(outcome.trace.answers).toMatchObject([{ plugin: 'one', status: 'failed', code }]);
    expect(outcome.status).toBe('blocked');
  });
});
