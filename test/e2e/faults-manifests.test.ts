import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { document, type FaultHost, withHost } from './faults-host.ts';

function registered(host: FaultHost, plugin: string) {
  return host.plugins().find(({ registered: { name } }) => name === plugin)?.registered;
}

test('createHost() sets aside the plugin that closes a circle of before and after, names the circle, and runs the others', async () => {
  await withHost({ 'order-cycle-a': {}, 'order-cycle-b': {}, 'adds-tag': {} }, {}, async (host) => {
    const outcome = await host.emit('app.save', document());

    expect(outcome.payload.tags).toEqual(['good']);
    expect(outcome.trace.plan.map(({ plugin }) => plugin)).toEqual(['order-cycle-a', 'adds-tag']);
    expect(registered(host, 'order-cycle-b')).toMatchObject({ state: 'broken' });
    expect(registered(host, 'order-cycle-b')?.reason).toMatch(/order-cycle-[ab].*order-cycle-[ab]/);
    const [problem] = host.problems.filter(({ severity }) => severity === 'error');
    expect(problem).toMatchObject({ pointer: '/hooks/app.save/before', line: expect.any(Number) });
    expect(problem?.file).toMatch(/order-cycle-b\/plugin\.yaml$/);
  });
});

test('createHost() sets aside a plugin that hears an unknown hook point, says where and which was meant, and runs the others', async () => {
  await withHost({ 'unknown-hook': {}, 'adds-tag': {} }, {}, async (host) => {
    const outcome = await host.emit('app.save', document());

    expect(outcome.payload.tags).toEqual(['good']);
    expect(registered(host, 'unknown-hook')).toMatchObject({ state: 'broken' });
    expect(host.problems).toMatchObject([{ severity: 'error', plugin: 'unknown-hook', pointer: '/hooks/app.safe', line: 8 }]);
    expect(host.problems[0]?.message).toMatch(/"app\.safe".*"app\.save"/);
  });
});

test('createHost() refuses a config schema with a catastrophic pattern without running it, and runs the other plugins', async () => {
  const config = { name: `${'a'.repeat(50)}!` };
  await withHost({ 'catastrophic-pattern': { config }, 'adds-tag': {} }, {}, async (host) => {
    const outcome = await host.emit('app.save', document());

    expect(outcome.payload.tags).toEqual(['good']);
    expect(registered(host, 'catastrophic-pattern')).toMatchObject({ state: 'broken' });
    expect(registered(host, 'catastrophic-pattern')?.reason).toContain('"pattern"');
    expect(host.problems).toMatchObject([{ severity: 'error', plugin: 'catastrophic-pattern' }]);
  });
});

test.each([
  { bytes: 300_000, cause: 'larger than 256 KiB' },
  { bytes: 100_000, cause: 'larger than 32 KiB' },
])(
  'createHost() refuses a config schema of $bytes bytes of nested anyOf without compiling it, and runs the others',
  async ({ bytes, cause }) => {
    const folder = await mkdtemp(join(tmpdir(), 'outrigger-hostile-'));
    try {
      const path = join(folder, 'nested-any-of');
      await mkdir(path);
      let configSchema: object = { type: 'string' };
      while (JSON.stringify(configSchema).length < bytes) configSchema = { anyOf: [configSchema, configSchema] };
      const manifest = { name: 'nested-any-of', version: '1.0.0', runtime: { command: 'sh' }, hooks: { 'app.save': {} }, configSchema };
      await writeFile(join(path, 'plugin.json'), JSON.stringify(manifest));
      await withHost({ 'nested-any-of': { path, config: { a: 1 } }, 'adds-tag': {} }, {}, async (host) => {
        const outcome = await host.emit('app.save', document());

        expect(outcome.payload.tags).toEqual(['good']);
        expect(registered(host, 'nested-any-of')).toMatchObject({ state: 'broken' });
        expect(registered(host, 'nested-any-of')?.reason).toContain(cause);
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);

test('createHost() runs no plugin that the operator does not trust', async () => {
  await withHost({ 'fills-storage': { trust: 'none' }, 'adds-tag': {} }, {}, async (host) => {
    const outcome = await host.emit('app.save', document());

    expect(outcome.payload.tags).toEqual(['good']);
    expect(registered(host, 'fills-storage')).toMatchObject({ state: 'untrusted' });
    expect(outcome.trace.plan.map(({ plugin }) => plugin)).toEqual(['adds-tag']);
  });
});
