import { expect } from 'vitest';
import { buildPlugin, GO_TIMEOUT, go, testWithGo, unformatted } from '../../test/sdk/go/go.ts';
import { readManifest, startPlugin } from '../../test/sdk/typescript/plugin-process.ts';

testWithGo('go-hello runs as a process and its manifest is valid', GO_TIMEOUT, async () => {
  expect(readManifest(import.meta.dirname).problems).toEqual([]);
  const plugin = startPlugin(await buildPlugin(import.meta.dirname));

  expect((await plugin.initialize({}, { hooks: ['conda.pre_command'] }))['result']).toEqual({ protocol: 1 });
  const answer = await plugin.invoke('conda.pre_command', { command: 'ls', args: [] });

  expect(answer['result']).toEqual({ action: 'modify', changes: { env: { HELLO_GO: 'from Go' } } });
  expect(plugin.sent('log')).toEqual([{ level: 'info', message: 'Hello from Go, ls is about to run', event: 'event-1' }]);
  expect(await plugin.stop()).toEqual({ code: 0, signal: null });
  expect(plugin.stray).toEqual([]);
});

testWithGo('go-hello passes its own test', GO_TIMEOUT, async () => {
  expect(await unformatted(import.meta.dirname)).toBe('');
  expect(await go(import.meta.dirname, ['vet', './...'])).toBe('');
  expect(await go(import.meta.dirname, ['test', './...'])).toMatch(/^ok\s/m);
});
