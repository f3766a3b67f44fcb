import { type Attributes, metrics } from '@opentelemetry/api';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AppHost, DRAFT, Hosts } from '../../../support/hosts.ts';

let hosts: Hosts;
let host: AppHost;
let recorded: { readonly name: string; readonly value: number; readonly attributes: Attributes }[];

beforeEach(async () => {
  recorded = [];
  hosts = new Hosts();
  host = await hosts.open();
  const createHistogram = (name: string) => ({
    record: (value: number, attributes: Attributes) => recorded.push({ name, value, attributes }),
  });
  metrics.setGlobalMeterProvider({ getMeter: () => ({ createHistogram }) as never });
});

afterEach(async () => {
  metrics.disable();
  await hosts.close();
});

test('an event and each of its calls are measured in seconds, by plugin, hook point and what came of them', async () => {
  const fails = (): never => {
    throw new Error('no');
  };
  host.on('app.save', fails, { onFailure: 'ignore' });
  await host.emit('app.save', DRAFT);
  expect(recorded).toEqual([
    { name: 'outrigger.event.duration', value: expect.any(Number), attributes: { hook: 'app.save', outcome: 'continued' } },
    {
      name: 'outrigger.call.duration',
      value: expect.any(Number),
      attributes: { plugin: 'fails', hook: 'app.save', status: 'failed', 'error.type': 'PLUGIN_ERROR' },
    },
  ]);
  expect(recorded[0]?.value).toBeLessThan(10);
});

test('nothing is measured without a provider', async () => {
  metrics.disable();
  host.on('app.save', () => ({}));
  expect((await host.emit('app.save', DRAFT)).status).toBe('continued');
  expect(recorded).toEqual([]);
});
