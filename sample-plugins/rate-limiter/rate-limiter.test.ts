import { describe, expect } from 'vitest';
import { openSample } from '../../test/samples/sample-host.ts';
import { GO_TIMEOUT, go, testWithGo, unformatted } from '../../test/sdk/go/go.ts';
import { waitUntil } from '../../test/support/wait-until.ts';

const HOOK = 'mellea.tool_pre_invoke';
const call = (user: string, name = 'search') => ({ model_tool_call: { name, args: {} }, user_metadata: { user, tenant: 'acme' } });

describe('rate-limiter blocks the event that is one too many', () => {
  testWithGo.each(['fixed_window', 'sliding_window', 'token_bucket'])(
    'by %s, and says when to try again',
    GO_TIMEOUT,
    async (algorithm) => {
      const { host } = await openSample(import.meta.dirname, { entry: { config: { algorithm, byUser: '2/d' } } });

      const first = [await host.emit(HOOK, call('ada')), await host.emit(HOOK, call('ada'))];
      const third = await host.emit(HOOK, call('ada'));

      expect(first.map(({ status, failOpens }) => [status, failOpens])).toEqual([
        ['continued', []],
        ['continued', []],
      ]);
      expect(third).toMatchObject({
        status: 'blocked',
        cause: 'verdict',
        violation: { code: 'RATE_LIMITED', details: { by: 'user', limit: 2, windowSeconds: 86_400, remaining: 0 } },
      });
      expect(third.retryAfterMs).toBeGreaterThan(0);
      expect(third.retryAfterMs).toBeLessThanOrEqual(86_400_000);
      expect((await host.emit(HOOK, call('eve'))).status).toBe('continued');
    },
  );
});

testWithGo('rate-limiter counts tenants, and tools, and calls of the model', GO_TIMEOUT, async () => {
  const config = { byUser: '', byTenant: '2/d', byTool: { pay: '1/d' } };
  const { host } = await openSample(import.meta.dirname, { entry: { config } });
  const prompt = { action: { type: 'Instruction' }, context: { type: 'ChatContext' }, model_options: {} };

  expect((await host.emit(HOOK, call('ada', 'pay'))).status).toBe('continued');
  expect((await host.emit(HOOK, call('eve', 'pay'))).violation?.details).toMatchObject({ by: 'tool', limit: 1 });
  expect((await host.emit('mellea.generation_pre_call', { ...prompt, user_metadata: { tenant: 'acme' } })).status).toBe('continued');
  expect((await host.emit(HOOK, call('eve', 'other'))).violation?.details).toMatchObject({ by: 'tenant', limit: 2 });
  expect((await host.emit('mellea.generation_pre_call', prompt)).status).toBe('continued');
});

testWithGo('rate-limiter lets an event pass again after a while', GO_TIMEOUT, async () => {
  const { host } = await openSample(import.meta.dirname, { entry: { config: { byUser: '1/s' } } });
  await host.emit(HOOK, call('ada'));
  const { retryAfterMs, status } = await host.emit(HOOK, call('ada'));

  expect(status).toBe('blocked');
  expect(retryAfterMs).toBeLessThanOrEqual(1000);
  await waitUntil(async () => (await host.emit(HOOK, call('ada'))).status === 'continued', 'an event that passes');
});

testWithGo('rate-limiter fails closed, and says why, when a rate cannot be read', GO_TIMEOUT, async () => {
  const { host } = await openSample(import.meta.dirname, { entry: { config: { byUser: '30/min' } } });

  const { status, cause, trace } = await host.emit(HOOK, call('ada'));

  expect({ status, cause }).toEqual({ status: 'blocked', cause: 'failure' });
  expect(JSON.stringify(trace.answers)).toContain('Cannot read the rate');
});

testWithGo('rate-limiter passes its own test', GO_TIMEOUT, async () => {
  expect(await unformatted(import.meta.dirname)).toBe('');
  expect(await go(import.meta.dirname, ['vet', './...'])).toBe('');
  expect(await go(import.meta.dirname, ['test', './...'])).toMatch(/^ok\s/m);
});
