import type { Trace } from '@outrigger/schemas';
import { trace as isTrace } from '@outrigger/schemas/validate-files';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Logger } from '../../../host/protocol/types.ts';
import { check } from '../../../host/protocol/validator.ts';
import { DRAFT, Hosts } from '../../support/hosts.ts';
import { waitUntil } from '../../support/wait-until.ts';

let hosts = new Hosts();
beforeEach(() => {
  hosts = new Hosts();
});
afterEach(() => hosts.close());

/** Where the test threw it. */
const STACK = expect.stringMatching(/^Error: oh no\n +at .*core\.test\.ts/);
const BLOCK = { action: 'block', violation: { code: 'NO', reason: 'no' } } as const;

function logbook(): { lines: unknown[]; log: Logger } {
  const lines: unknown[] = [];
  const keep = (level: string) => (message: string, fields?: object) => void lines.push({ level, message, ...fields });
  return { lines, log: { debug: () => undefined, info: () => undefined, warn: keep('warn'), error: keep('error') } };
}

test('stats() counts events, decisions and every fail-open', async () => {
  const host = await hosts.open();
  const fails = host.on('app.save', () => Promise.reject(new Error('oh no')), { name: 'fails', onFailure: 'ignore' });
  await host.emit('app.save', DRAFT);
  await host.emit('app.save', DRAFT);
  fails();
  host.on('app.save', () => BLOCK);
  host.on('app.check', () => ({ action: 'replace', value: 1 }));
  await host.emit('app.save', DRAFT);
  await host.emit('app.check', DRAFT);

  expect(host.stats()).toEqual({
    ...{ events: 4, blocked: 1, replaced: 1, failOpens: { 'fails app.save PLUGIN_ERROR': 2 } },
    answers: { bytes: 0, refused: 0 },
  });
});

test('a fail-open is logged the first time', async () => {
  const { lines, log } = logbook();
  const host = await hosts.open({}, { log });
  host.on('app.save', () => Promise.reject(new Error('oh no')), { name: 'fails', onFailure: 'ignore' });

  const { event } = await host.emit('app.save', DRAFT);
  await host.emit('app.save', DRAFT);

  const reason = 'Handler "fails" failed at "app.save": oh no';
  expect(lines).toEqual([
    {
      level: 'warn',
      message: 'event went on without a plugin',
      plugin: 'fails',
      hook: 'app.save',
      event,
      code: 'PLUGIN_ERROR',
      reason,
      stack: STACK,
    },
  ]);
});

test.each(['ignore', 'fail'] as const)(
  'what a handler threw is in the outcome of this process alone, with onFailure %s',
  async (onFailure) => {
    const traces: Trace[] = [];
    const host = await hosts.open({ 'counts-events': {} }, { onTrace: (read) => traces.push(read()) });
    const error = new TypeError('oh no');
    host.on('app.save', () => Promise.reject(error), { name: 'fails', onFailure });
    host.on('app.check', () => ({}));

    const outcome = await host.emit('app.save', DRAFT);
    const well = await host.emit('app.check', DRAFT);

    expect(outcome.thrown).toEqual([{ handler: 'fails', error }]);
    expect(outcome.thrown?.[0]?.error).toBe(error);
    expect(JSON.stringify([outcome, outcome.trace, traces, host.traces()])).not.toContain('TypeError');
    expect(well.thrown).toBeUndefined();
  },
);

test('a listener that fails in the background is logged and counted', async () => {
  const { lines, log } = logbook();
  const host = await hosts.open({}, { log });
  host.on('app.save', () => Promise.reject(new Error('oh no')), { name: 'told', mode: 'fire_and_forget' });

  await host.emit('app.save', DRAFT);
  await waitUntil(() => lines.length > 0, 'the failure to be logged');

  expect(lines).toEqual([
    {
      level: 'error',
      message: 'handler failed in the background',
      handler: 'told',
      hook: 'app.save',
      error: expect.stringContaining('oh no'),
      stack: STACK,
    },
  ]);
  expect(host.stats().failOpens).toEqual({ 'told app.save PLUGIN_ERROR': 1 });
});

test('onTrace is told of every event and reads a valid trace', async () => {
  const traces: Trace[] = [];
  const host = await hosts.open({ 'counts-events': {} }, { onTrace: (read) => traces.push(read()) });
  host.on('app.save', () => BLOCK);

  const { event } = await host.emit('app.save', DRAFT);

  expect(traces.map((trace) => trace.event)).toEqual([event]);
  expect(check(isTrace, JSON.parse(JSON.stringify(traces[0])))).toBeUndefined();
  expect(traces[0]?.answers[0]).toMatchObject({ plugin: 'counts-events', status: 'continued', coldStart: true, attempts: 1 });
});

test('onTrace that throws takes no outcome with it', async () => {
  const { lines, log } = logbook();
  const onTrace = (): never => {
    throw new Error('disk is full');
  };
  const host = await hosts.open({}, { log, onTrace });
  host.on('app.save', () => BLOCK);

  const { event, status } = await host.emit('app.save', DRAFT);

  expect(status).toBe('blocked');
  expect(lines).toEqual([{ level: 'error', message: 'onTrace failed', event, error: 'disk is full' }]);
});

test('stop() ends an event that nobody would ever end', async () => {
  const { core, root } = await hosts.openCore();
  root.on('app.save', () => new Promise(() => undefined));
  const outcome = root.emit('app.save', DRAFT);
  const rejected = expect(outcome).rejects.toMatchObject({ code: 'HOST_STOPPED' });

  await core.stop();

  await rejected;
});

test('storage() is one for each plugin, below the data folder', async () => {
  const { core } = await hosts.openCore();
  await core.storage('a').set('key', 1);

  expect(core.storage('a')).toBe(core.storage('a'));
  expect(await core.storage('a').get('key')).toBe(1);
  expect(await core.storage('b').get('key')).toBeNull();
});

test('a debugger may take its time: with inspectPlugin no event has a budget', async () => {
  const { core, root } = await hosts.openCore({ inspectPlugin: 'p' });
  const deadlines: (number | undefined)[] = [];
  root.on('app.save', (_, { event }) => void deadlines.push(core.recent.find(event)?.deadline));

  await root.emit('app.save', DRAFT);

  expect(deadlines).toEqual([Number.POSITIVE_INFINITY]);
});
