import { setTimeout as wait } from 'node:timers/promises';
import { block, definePlugin, modify, replace } from '@outrigger/sdk';

type Payload = Record<string, unknown>;
type Probe = { 'probe.call': { payload: Payload; replace: unknown } };

let config: Payload = {};

export const plugin = definePlugin<Probe>({
  setup: (context) => {
    config = context.config;
    return typeof config['disable'] === 'string' ? { disable: config['disable'] } : undefined;
  },
  configChanged: (changed) => {
    config = changed;
  },
  hooks: {
    'probe.call': async (payload, { log, progress, storage, signal }) => {
      switch (payload['do']) {
        case 'echo':
          return replace(payload['value']);
        case 'modify':
          return modify({ value: 'modified' });
        case 'block':
          return block('probe', 'the payload says so');
        case 'fail':
          throw new Error('the payload says so');
        case 'wait':
          await wait(Number(payload['ms']), undefined, { signal });
          return {};
        case 'log':
          for (const level of ['debug', 'info', 'warn', 'error'] as const) log[level](`at ${level}`, { level });
          return {};
        case 'progress':
          progress('half', 50);
          return {};
        case 'print':
          console.log('printed');
          return {};
        case 'config':
          return replace(config);
        case 'storage':
          await storage.set('probe', payload['value']);
          return replace(await storage.get('probe'));
        default:
          return {};
      }
    },
  },
});
