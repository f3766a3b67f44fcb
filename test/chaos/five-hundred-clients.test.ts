import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Client, connect } from '../../host/client/index.ts';
import { DaemonPlaceUnderTest } from '../e2e/daemon-process.ts';
import { waitUntil } from '../support/wait-until.ts';

type AnyHooks = Record<string, { payload: Record<string, unknown>; replace: unknown }>;

const CLIENTS = 500;
const HOOK = 'conda.post_command';
const SURE = { [HOOK]: { mode: 'fire_and_forget', delivery: 'at-least-once' } };
let place: DaemonPlaceUnderTest;
let clients: Client<AnyHooks>[] = [];

beforeEach(() => {
  place = new DaemonPlaceUnderTest();
});

afterEach(async () => {
  for (const client of clients) await client.close();
  clients = [];
  await place.clear();
}, 60_000);

/** Ids of the events that the plugin got, in order. */
function told(): string[] {
  return place.events('sure').map((seen) => (seen as unknown as { event: string }).event);
}

test('500 clients and SIGKILL: the next daemon has no stale lock, all come back by themselves, and nothing promised is lost', async () => {
  place.plugin('sure', SURE);
  const first = await place.up();
  const path = place.socket;
  const states: string[] = [];
  const onState = (state: string): void => void states.push(state);
  clients = await Promise.all(
    Array.from({ length: CLIENTS }, () => connect<AnyHooks>({ path, onState, reconnectMs: [100, 200, 400, 800] })),
  );
  const promised: string[] = [];
  let isOver = false;
  const load = clients.map(async (client, n) => {
    while (!isOver) {
      const emitted = client.emit(HOOK, { command: 'ls', args: [String(n)] });
      const event = await emitted.then(
        (outcome) => outcome.event,
        () => undefined,
      );
      if (event === undefined) return;
      promised.push(event);
    }
  });
  await waitUntil(() => promised.length > CLIENTS, 'every client to be served', 60_000);

  first.child.kill('SIGKILL');
  await first.ended;
  await Promise.all(load);
  await waitUntil(() => states.filter((state) => state === 'lost').length === CLIENTS, 'every client to notice');
  const before = promised.length;
  const next = await place.up();
  await waitUntil(() => states.filter((state) => state === 'connected').length === 2 * CLIENTS, 'every client to be back', 60_000);

  const events = await Promise.all(clients.map((client) => client.emit(HOOK, { command: 'ls', args: ['again'] })));
  isOver = true;
  promised.push(...events.map(({ event }) => event));
  await waitUntil(() => new Set(told()).size >= promised.length, `all events to be told, ${promised.length} of them`, 120_000);

  const all = told();
  expect(promised.filter((event) => !all.includes(event))).toEqual([]);
  expect(before).toBeGreaterThan(CLIENTS);
  expect(next.log.text).not.toMatch(/"level":"error"/);
  next.child.kill('SIGTERM');
  expect(await next.ended).toMatchObject({ code: 0 });
  expect(place.files()).toEqual([]);
}, 240_000);
