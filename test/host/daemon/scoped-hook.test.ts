import { trace as isTrace } from '@outrigger/schemas/validate-files';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { check } from '../../../host/protocol/validator.ts';
import { type AppHost, DRAFT, Hosts } from '../../support/hosts.ts';

let hosts = new Hosts();
let host: AppHost;
beforeEach(async () => {
  hosts = new Hosts();
  host = await hosts.open();
});
afterEach(() => hosts.close());

test('has() says whether anybody listens', () => {
  const save = host.hook('app.save');
  expect([save.name, save.has()]).toEqual(['app.save', false]);

  const remove = host.on('app.save', () => undefined);
  expect([save.has(), host.hook('app.lookup').has()]).toEqual([true, false]);

  remove();
  expect(save.has()).toBe(false);
});

test('has() does not count who is disabled', () => {
  host.on('app.save', () => undefined, { mode: 'disabled' });

  expect(host.has('app.save')).toBe(false);
});

test('emit() builds no payload when nobody listens, until somebody looks', async () => {
  let built = 0;
  const payload = (): typeof DRAFT => {
    built++;
    return { ...DRAFT };
  };

  const outcome = await host.emit('app.save', payload);

  expect(built).toBe(0);
  expect(outcome.payload).toEqual(DRAFT);
  expect(outcome.payload).toBe(outcome.payload);
  expect(built).toBe(1);
});

test('emit() builds the payload once when somebody listens', async () => {
  let built = 0;
  host.on('app.save', () => undefined);
  host.on('app.save', () => undefined);

  const outcome = await host.emit('app.save', () => {
    built++;
    return DRAFT;
  });

  expect([built, outcome.payload]).toEqual([1, DRAFT]);
});

test('emit() with nobody listening checks nothing and records nothing', async () => {
  const wrong = { title: 1 } as never;

  const outcome = await host.emit('app.save', wrong);

  expect(outcome).toMatchObject({ event: '', hook: 'app.save', status: 'continued', failOpens: [] });
  expect([outcome.by, outcome.cause, outcome.value, outcome.violation, outcome.retryAfterMs]).toEqual(Array(5).fill(undefined));
  expect(outcome.payload).toBe(wrong);
  expect(check(isTrace, JSON.parse(JSON.stringify(outcome.trace)))).toBeUndefined();
  expect(JSON.parse(JSON.stringify(outcome))).toMatchObject({ event: '', hook: 'app.save', status: 'continued', payload: wrong });
  expect([host.traces(), host.stats().events]).toEqual([[], 0]);
});

test('emit() rejects when the payload function throws', async () => {
  host.on('app.save', () => undefined);
  const payload = (): never => {
    throw new Error('no payload today');
  };

  await expect(host.emit('app.save', payload)).rejects.toThrow('no payload today');
  await expect(host.hook('app.save').emit(payload)).rejects.toThrow('no payload today');
});

test('emit() of a handle hears who came after it was made', async () => {
  const save = host.hook('app.save');
  await save.emit(DRAFT);
  host.on('app.save', () => ({ action: 'modify', changes: { title: 'new' } }));

  expect((await save.emit(DRAFT)).payload.title).toBe('new');
});

test('emit() hands on the signal of the caller', async () => {
  host.on('app.save', () => new Promise(() => undefined));
  const abort = new AbortController();
  const outcome = host.hook('app.save').emit(DRAFT, { signal: abort.signal });

  abort.abort();

  await expect(outcome).rejects.toMatchObject({ code: 'EVENT_CANCELLED' });
});
