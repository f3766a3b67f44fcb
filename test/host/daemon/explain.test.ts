import { afterEach, beforeEach, expect, test } from 'vitest';
import { Hosts } from '../../support/hosts.ts';

let hosts = new Hosts();
beforeEach(() => {
  hosts = new Hosts();
});
afterEach(() => hosts.close());

test('explain() prints the plan with the reasons', async () => {
  const host = await hosts.open({ 'adds-tag': { priority: 10 }, 'adds-pid': { mode: 'audit' } });
  host.default('app.save', () => undefined);
  host.on('app.save', () => undefined, { name: 'told', mode: 'fire_and_forget' });

  const { hook, stages, left } = host.explain('app.save');

  expect(hook).toBe('app.save');
  expect(stages.map((stage) => stage.map(({ subscription, why }) => [subscription.plugin, why]))).toEqual([
    [['adds-tag', ['mode sequential by default', 'priority 10 from the config']]],
    [['default', ['mode sequential by default', 'priority 50 by default']]],
    [['adds-pid', ['mode audit from the config', 'priority 50 by default']]],
    [['told', ['mode fire_and_forget from the handler', 'priority 50 by default']]],
  ]);
  expect(left).toEqual([]);
});

test('explain() says of everybody else why they are not in the plan', async () => {
  const host = await hosts.open(
    {
      'adds-tag': { mode: 'disabled' },
      'adds-pid': { enabled: false },
      'answers-twice': {},
      'counts-events': { scope: 'session' },
      'fills-storage': { trust: 'none' },
    },
    { without: ['answers-twice'] },
  );

  const { stages, left } = host.explain('app.save');
  const reasons = Object.fromEntries(left.map(({ plugin, reason }) => [plugin, reason]));

  expect(stages).toEqual([]);
  expect(Object.keys(reasons).sort()).toEqual(['adds-pid', 'adds-tag', 'answers-twice', 'counts-events', 'fills-storage']);
  expect(reasons['adds-tag']).toBe('mode disabled, from config');
  expect(reasons['adds-pid']).toContain('enabled');
  expect(reasons['answers-twice']).toContain('without');
  expect(reasons['counts-events']).toContain('scope: session');
  expect(reasons['fills-storage']).toContain('was not granted what it needs');
});

test('explain() shows a session what it hears', async () => {
  const host = await hosts.open({ 'adds-tag': { scope: 'session' } });
  const session = host.session({ plugins: ['adds-tag'] });

  expect(session.explain('app.save').stages).toHaveLength(1);
  expect(session.explain('app.save').left).toEqual([]);
  expect(host.explain('app.save').stages).toEqual([]);
});
