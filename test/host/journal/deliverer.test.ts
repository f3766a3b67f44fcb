import { expect, onTestFinished, test } from 'vitest';
import { Deliverer } from '../../../host/journal/deliverer.ts';
import { Spool } from '../../../host/journal/spool.ts';
import { Timers } from '../../../host/process/timers.ts';
import type { ErrorCode } from '../../../host/protocol/errors.ts';
import type { HookCall, PluginHandle } from '../../../host/supervisor/types.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { tempFolder } from './temp-folder.ts';

interface Rig {
  readonly spool: Spool;
  readonly deliverer: Deliverer;
  readonly asked: string[];
  readonly aside: string[];
  /** Whom the deliverer asks. */
  readonly plugin: PluginHandle;
  append(event: string, hook?: string): Promise<void>;
}

/** A deliverer for a plugin that answers as it is told: undefined is a result, a code a failure. */
async function rig(answer: (call: HookCall) => ErrorCode | undefined, dataDir?: string): Promise<Rig> {
  const spool = new Spool({ dataDir: dataDir ?? (await tempFolder()), owner: 'me', settings: undefined, onProblem: () => undefined });
  const timers = new Timers();
  const asked: string[] = [];
  const aside: string[] = [];
  const plugin: PluginHandle = {
    name: 'one',
    notify: () => undefined,
    invoke: (call) => {
      asked.push(/^"event":"(.+)"$/.exec(call.shared)?.[1] ?? '');
      const code = answer(call);
      const settle = (): unknown =>
        call.settle(
          code === undefined
            ? { ok: true, answer: {}, bytes: 2, pid: 1, coldStart: false, attempts: 1 }
            : { ok: false, failure: { code, message: code }, attempts: 1 },
        );
      setImmediate(settle);
      return () => undefined;
    },
  };
  const deliverer = new Deliverer({ key: 'one', spool, timers, onSetAside: ({ event }, { code }) => aside.push(`${event} ${code}`) });
  deliverer.serve('app.save', plugin, 1000);
  onTestFinished(async () => {
    deliverer.close();
    timers.close();
    await spool.close();
  });
  const append = async (event: string, hook = 'app.save'): Promise<void> => {
    await spool.append('one', { hook, event, body: `"event":"${event}"` });
    deliverer.wake();
  };
  return { spool, deliverer, asked, aside, plugin, append };
}

test('every event is asked about once, in order, and forgotten', async () => {
  const { spool, asked, append } = await rig(() => undefined);
  const events = Array.from({ length: 100 }, (_, place) => `e${place}`);
  for (const event of events) await append(event);
  await waitUntil(() => asked.length === 100 && spool.stats().events === 0, 'all to be delivered');
  expect(asked).toEqual(events);
});

test('a plugin that cannot be reached is tried again until it can, and nudge() ends the pause', async () => {
  let tries = 0;
  const { spool, deliverer, asked, aside, append } = await rig(() => (++tries > 8 ? undefined : 'PLUGIN_QUARANTINED'));
  await append('e1');
  await append('e2');
  const nudges = setInterval(() => deliverer.nudge(), 5);
  await waitUntil(() => spool.stats().events === 0, 'both to be delivered');
  clearInterval(nudges);
  expect(asked).toEqual([...Array.from({ length: 9 }, () => 'e1'), 'e2']);
  expect(aside).toEqual([]);
});

test('an event that fails by the plugin’s fault is set aside after five times, over hosts too; a hopeless one at once', async () => {
  const dataDir = await tempFolder();
  const first = await rig(() => 'PLUGIN_TIMEOUT', dataDir);
  await first.append('e1');
  await waitUntil(() => first.asked.length >= 3, 'three tries');
  first.deliverer.close();
  const { spool: before } = first;
  const [left] = await before.read('one', 0, 1);
  await before.close();
  const { spool, deliverer, asked, aside, append } = await rig(
    ({ event }) => (event === 'e2' ? 'MESSAGE_TOO_LARGE' : 'PLUGIN_EXITED'),
    dataDir,
  );
  const more = setInterval(() => deliverer.nudge(), 5);
  onTestFinished(() => clearInterval(more));
  await append('e2');
  await waitUntil(() => aside.length === 2, 'both to be set aside');

  expect(left?.attempts).toBeGreaterThanOrEqual(2);
  expect(asked.filter((event) => event === 'e1')).toHaveLength(5 - (left?.attempts ?? 0));
  expect(asked.at(-1)).toBe('e2');
  expect(aside).toEqual(['e1 PLUGIN_EXITED', 'e2 MESSAGE_TOO_LARGE']);
  expect((await spool.load())['one']).toMatchObject({ events: 0, aside: 2 });
});

test('events of a hook point that is not served stay, and those behind them do not wait', async () => {
  const { spool, asked, append } = await rig(() => undefined);
  await append('e1', 'app.lookup');
  await append('e2');
  await waitUntil(() => spool.stats().events === 1, 'the other to be delivered');
  expect(asked).toEqual(['e2']);
  expect((await spool.read('one', 0, 10)).map(({ event }) => event)).toEqual(['e1']);
});

test('events that were passed over are delivered once their hook point is served, and none a second time', async () => {
  const { spool, deliverer, asked, plugin, append } = await rig(() => undefined);
  await append('e1', 'app.lookup');
  await append('e2');
  await waitUntil(() => spool.stats().events === 1, 'the other to be delivered');
  deliverer.serve('app.lookup', plugin, 1000);
  deliverer.serve('app.save', plugin, 1000);
  deliverer.wake();
  await waitUntil(() => spool.stats().events === 0, 'both to be delivered');
  expect(asked).toEqual(['e2', 'e1']);
});

test('after close() nothing is asked any more, and what waits stays in the spool', async () => {
  const { spool, deliverer, asked, append } = await rig(() => 'PLUGIN_QUARANTINED');
  await append('e1');
  await waitUntil(() => asked.length === 1, 'a try');
  deliverer.close();
  await append('e2');
  expect(await spool.read('one', 0, 10)).toMatchObject([{ event: 'e1' }, { event: 'e2' }]);
  expect(asked).toEqual(['e1']);
});
