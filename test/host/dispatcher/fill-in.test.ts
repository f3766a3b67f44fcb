import { afterEach, expect, test } from 'vitest';
import { defineCatalog } from '../../../host/daemon/define-catalog.ts';
import { createHost } from '../../../host/daemon/host.ts';
import type { Host } from '../../../host/daemon/types.ts';

const payload = { type: 'object', additionalProperties: true } as const;
const lab = defineCatalog({
  name: 'lab',
  hooks: {
    measured: {
      description: 'A value was measured.',
      payload,
      version: 3,
      fill: { hook: 'hook', request_id: 'operation', session_id: 'session', timestamp: 'time', id: 'event', v: 'version' },
    },
    undo: { description: 'Takes back what was done.', payload, reversed: true },
  },
});

let host: Host<Record<string, { payload: Record<string, unknown> }>>;
afterEach(() => host.close());

async function open(): Promise<void> {
  host = (await createHost({ catalogs: [lab], config: false })) as unknown as typeof host;
}

test('emit() fills in what the catalog says and the application left out, before it checks the payload', async () => {
  await open();
  host.on('lab.measured', () => undefined);
  const given = { value: 1, id: 'mine' };

  const outcome = await host.session({ id: 's1' }).operation('o1').emit('lab.measured', given);

  expect(outcome.payload).toEqual({
    value: 1,
    id: 'mine',
    hook: 'measured',
    request_id: 'o1',
    session_id: 's1',
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    v: 3,
  });
  expect(given).toEqual({ value: 1, id: 'mine' });
});

test('emit() fills in the event for an operation that there is not, and leaves out what there is nothing for', async () => {
  await open();
  host.on('lab.measured', () => undefined);

  const { event, payload: filled } = await host.emit('lab.measured', {});

  expect(filled).toMatchObject({ request_id: event, id: event });
  expect(filled).not.toHaveProperty('session_id');
});

test('a hook point that undoes runs its handlers last to first, and says so', async () => {
  await open();
  const ran: string[] = [];
  for (const name of ['a', 'b', 'c']) host.on('lab.undo', () => void ran.push(name), { name, mode: 'sequential' });

  await host.emit('lab.undo', {});

  expect(ran).toEqual(['c', 'b', 'a']);
  expect(host.explain('lab.undo').stages.flat()[0]?.why).toContain('in reverse: this hook point undoes');
});
