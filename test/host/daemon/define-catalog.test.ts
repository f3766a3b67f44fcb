import type { HookMap } from '@outrigger/schemas';
import { afterEach, beforeEach, expect, expectTypeOf, test } from 'vitest';
import { defineCatalog } from '../../../host/daemon/define-catalog.ts';
import { createHost } from '../../../host/daemon/host.ts';
import { Hosts } from '../../support/hosts.ts';

let hosts = new Hosts();
beforeEach(() => {
  hosts = new Hosts();
});
afterEach(() => hosts.close());

const SHOP = defineCatalog({
  name: 'shop',
  hooks: {
    order_placed: {
      description: 'Somebody bought something.',
      payload: {
        type: 'object',
        properties: { id: { type: 'integer' }, note: { type: 'string' } },
        required: ['id'],
        additionalProperties: false,
      },
      allows: ['modify', 'replace'],
      writable: ['/note'],
      replaceSchema: { enum: ['refused', 'later'] },
    },
  },
});
const MAIL = defineCatalog({
  name: 'mail',
  hooks: { sent: { description: 'A mail left.', payload: { type: 'object', properties: { to: { type: 'string' } }, required: ['to'] } } },
});

test('defineCatalog() and createHost() know the payload and the value of every hook point', async () => {
  const host = await createHost({ config: false, env: await hosts.env(), catalogs: [SHOP, MAIL] });
  host.on('shop.order_placed', (payload) => {
    expectTypeOf(payload).toEqualTypeOf<Readonly<{ id: number; note?: string }>>();
    return { action: 'modify', changes: { note: `order ${payload.id}` } };
  });

  const outcome = await host.emit('shop.order_placed', { id: 7 });

  expectTypeOf(outcome.payload).toEqualTypeOf<{ id: number; note?: string }>();
  expectTypeOf(outcome.value).toEqualTypeOf<'refused' | 'later' | undefined>();
  type Mail = { [field: string]: unknown; to: string };
  expectTypeOf(host.hook('mail.sent').emit).parameter(0).toEqualTypeOf<Mail | (() => Mail)>();
  expect(outcome.payload).toEqual({ id: 7, note: 'order 7' });
  await host.close();
});

test('the types of a catalog reach sessions, blocks, operations and payload functions', async () => {
  const host = await createHost({ config: false, env: await hosts.env(), catalogs: [SHOP] });
  const fromSession = await host.session().emit('shop.order_placed', () => ({ id: 1 }));
  const fromOperation = await host.operation().emit('shop.order_placed', { id: 2 });
  const fromBlock = await host.using([], (block) => block.emit('shop.order_placed', { id: 3 }));

  for (const { payload } of [fromSession, fromOperation, fromBlock]) expectTypeOf(payload.id).toEqualTypeOf<number>();
  expect([fromSession, fromOperation, fromBlock].map(({ payload }) => payload.id)).toEqual([1, 2, 3]);
  await host.close();
});

test('the hook points that ship with Outrigger are typed without any catalog', async () => {
  const host = await createHost({ config: false, env: await hosts.env() });

  const outcome = await host.emit('conda.pre_command', { command: 'ls', args: [] });

  expectTypeOf(outcome.payload).toEqualTypeOf<HookMap['conda.pre_command']['payload']>();
  expectTypeOf(outcome.value).toEqualTypeOf<HookMap['conda.pre_command']['replace'] | undefined>();
  expect(outcome.status).toBe('continued');
  await host.close();
});

test('what the types refuse, the host refuses too', async () => {
  const host = await createHost({ config: false, env: await hosts.env(), catalogs: [SHOP] });
  host.on('shop.order_placed', () => undefined);

  // @ts-expect-error the id is a number
  await expect(host.emit('shop.order_placed', { id: 'seven' })).rejects.toMatchObject({ code: 'PAYLOAD_INVALID' });
  // @ts-expect-error the id is missing
  await expect(host.emit('shop.order_placed', {})).rejects.toMatchObject({ code: 'PAYLOAD_INVALID' });
  // @ts-expect-error there is no such hook point
  await expect(host.emit('shop.order_lost', { id: 7 })).rejects.toMatchObject({ code: 'HOOK_UNKNOWN' });
  await host.close();
});

test('defineCatalog() knows the type of a field that is marked as sensitive', async () => {
  const login = defineCatalog({
    name: 'login',
    hooks: {
      done: {
        description: 'Somebody logged in.',
        payload: {
          type: 'object',
          properties: { token: { type: 'string', 'x-sensitive': 'secret' }, tries: { type: 'integer' } },
          required: ['token'],
          additionalProperties: false,
        },
      },
    },
  });
  const host = await createHost({ config: false, env: await hosts.env(), catalogs: [login] });
  host.on('login.done', ({ token }) => {
    expectTypeOf(token).toEqualTypeOf<string>();
  });

  expect((await host.emit('login.done', { token: 'x', tries: 1 })).payload.token).toBe('x');
  await host.close();
});
