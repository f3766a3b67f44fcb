import type { HookEmitResult } from '@outrigger/schemas';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Core } from '../../../host/daemon/core.ts';
import { nestedEmit } from '../../../host/daemon/nested-emit.ts';
import type { HostScope } from '../../../host/daemon/scope.ts';
import type { HandlerContext } from '../../../host/dispatcher/types.ts';
import { type AppHooks, DRAFT, Hosts } from '../../support/hosts.ts';
import { waitUntil } from '../../support/wait-until.ts';

let hosts = new Hosts();
let core: Core;
let root: HostScope<AppHooks>;
beforeEach(async () => {
  hosts = new Hosts();
  ({ core, root } = await hosts.openCore({ config: { limits: { emitDepth: 2 } } }));
});
afterEach(() => hosts.close());

const { signal } = new AbortController();

function emitAs(plugin: string, hook: string, event?: string, by: AbortSignal = signal): Promise<HookEmitResult> {
  const params = { hook, payload: DRAFT, ...(event === undefined ? {} : { event }) };
  return nestedEmit(core, { plugin, params, signal: by });
}

test('nestedEmit() fires an event inside the one the plugin works on', async () => {
  root.on('app.save', async (_, { event }) => void (await emitAs('p', 'app.lookup', event)), { name: 'p' });
  root.on('app.lookup', () => ({ action: 'modify', changes: { title: 'found' } }), { name: 'q' });

  const { event } = await root.emit('app.save', DRAFT);

  const [inner] = core.recent.traces();
  expect(inner).toMatchObject({ hook: 'app.lookup', parent: event, depth: 1 });
});

test('nestedEmit() answers with the outcome', async () => {
  const violation = { code: 'NO', reason: 'no' };
  root.on('app.save', () => ({ action: 'modify', changes: { title: 'new' } }));
  root.on('app.lookup', () => ({ action: 'block', violation }));
  root.on('app.check', () => ({ action: 'replace', value: 7 }));

  const [saved, lookedUp, checked] = await Promise.all(['app.save', 'app.lookup', 'app.check'].map((hook) => emitAs('p', hook)));

  expect(saved).toEqual({ event: expect.any(String), status: 'continued', payload: { title: 'new', tags: [] } });
  expect(lookedUp).toMatchObject({ status: 'blocked', violation });
  expect(checked).toMatchObject({ status: 'replaced', value: 7 });
});

test('nestedEmit() answers for a hook point that nobody hears', async () => {
  expect(await emitAs('p', 'app.save')).toEqual({ event: '', status: 'continued', payload: DRAFT });
});

test('nestedEmit() refuses a circle and names it', async () => {
  const errors: unknown[] = [];
  root.on('app.save', async (_, { event }) => void (await emitAs('p', 'app.lookup', event)), { name: 'p' });
  root.on(
    'app.lookup',
    async (_, { event }) => {
      await emitAs('q', 'app.save', event).catch((error: unknown) => errors.push(error));
    },
    { name: 'q' },
  );

  await root.emit('app.save', DRAFT);

  expect(errors).toMatchObject([
    { code: 'EMIT_CYCLE', message: 'Cannot fire "app.save": it would go round in a circle: app.save → app.lookup → app.save' },
  ]);
});

test('nestedEmit() finds a circle also when the plugin does not name the event', async () => {
  const errors: unknown[] = [];
  root.on('app.save', async () => void (await emitAs('p', 'app.save').catch((error: unknown) => errors.push(error))), { name: 'p' });

  await root.emit('app.save', DRAFT);

  expect(errors).toMatchObject([{ code: 'EMIT_CYCLE' }]);
});

test('nestedEmit() refuses what is nested too deeply', async () => {
  const shallow = await hosts.openCore({ config: { limits: { emitDepth: 1 } } });
  const errors: unknown[] = [];
  const fire =
    (hook: string) =>
    async (_: unknown, { event }: HandlerContext) => {
      const params = { hook, payload: DRAFT, event };
      await nestedEmit(shallow.core, { plugin: 'p', params, signal }).catch((error: unknown) => errors.push(error));
    };
  shallow.root.on('app.save', fire('app.lookup'), { name: 'p' });
  shallow.root.on('app.lookup', fire('app.check'), { name: 'p' });

  await shallow.root.emit('app.save', DRAFT);

  expect(errors).toMatchObject([{ code: 'EMIT_TOO_DEEP', message: 'Cannot fire "app.check": events are nested 2 deep, the limit is 1' }]);
});

test('nestedEmit() refuses an event that the plugin was not asked about', async () => {
  root.on('app.save', () => undefined, { name: 'somebody-else' });
  const { event } = await root.emit('app.save', DRAFT);

  await expect(emitAs('p', 'app.lookup', event)).rejects.toMatchObject({ code: 'PARAMS_INVALID' });
  await expect(emitAs('p', 'app.lookup', 'e-invented')).rejects.toMatchObject({ code: 'PARAMS_INVALID' });
});

test('nestedEmit() refuses an event that the plugin has answered already', async () => {
  root.on('app.save', () => undefined, { name: 'p' });
  const { event } = await root.emit('app.save', DRAFT);

  await expect(emitAs('p', 'app.lookup', event)).rejects.toMatchObject({ code: 'PARAMS_INVALID' });
});

test('nestedEmit() refuses an unknown hook point and a payload that breaks its schema', async () => {
  root.on('app.save', () => undefined);
  const params = { hook: 'app.save', payload: { title: 1 } };

  await expect(emitAs('p', 'app.sav')).rejects.toMatchObject({ code: 'HOOK_UNKNOWN' });
  await expect(nestedEmit(core, { plugin: 'p', params, signal })).rejects.toMatchObject({ code: 'PAYLOAD_INVALID' });
});

test('nestedEmit() stays in the session and the operation of the event around it', async () => {
  const session = root.open({ id: 's1' });
  const heard: unknown[] = [];
  session.on('app.save', async (_, { event }) => void (await emitAs('p', 'app.lookup', event)), { name: 'p' });
  session.on('app.lookup', (_, { context }) => void heard.push([context.session, context.operation, context.traceparent]));
  root.on('app.lookup', (_, { context }) => void heard.push(context.session));

  await session.operation('o1').emit('app.save', DRAFT, { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' });

  expect(heard).toEqual([['s1', 'o1', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'], 's1']);
});

test('nestedEmit() does not guess between two sessions', async () => {
  const heard: string[] = [];
  const errors: unknown[] = [];
  let arrived = 0;
  const sessions = ['s1', 's2'].map((id) => root.open({ id }));
  for (const session of sessions) {
    session.on('app.lookup', () => void heard.push(session.id));
    session.on(
      'app.save',
      async () => {
        arrived++;
        await waitUntil(() => arrived === 2, 'the plugin to be busy in both sessions');
        await emitAs('p', 'app.lookup').catch((error: unknown) => errors.push(error));
      },
      { name: 'p' },
    );
  }

  await Promise.all(sessions.map((session) => session.emit('app.save', DRAFT)));

  expect(errors[0]).toMatchObject({ code: 'PARAMS_INVALID', message: expect.stringContaining('name one as "event"') });
});

test('nestedEmit() is cancelled with the request of the plugin', async () => {
  const abort = new AbortController();
  root.on('app.lookup', () => new Promise(() => undefined));
  const nested = emitAs('p', 'app.lookup', undefined, abort.signal);

  abort.abort();

  await expect(nested).rejects.toMatchObject({ code: 'EVENT_CANCELLED' });
});
