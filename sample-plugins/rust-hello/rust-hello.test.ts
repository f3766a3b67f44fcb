import { expect } from 'vitest';
import { buildPlugin, cargo, RUST_TIMEOUT, testWithRust } from '../../test/sdk/rust/rust.ts';
import { readManifest, startPlugin } from '../../test/sdk/typescript/plugin-process.ts';

testWithRust('rust-hello runs as a process and its manifest is valid', RUST_TIMEOUT, async () => {
  expect(readManifest(import.meta.dirname).problems).toEqual([]);
  const plugin = startPlugin(await buildPlugin(import.meta.dirname, 'rust-hello'));

  expect((await plugin.initialize({}, { hooks: ['conda.pre_command'] }))['result']).toEqual({ protocol: 1 });
  const answer = await plugin.invoke('conda.pre_command', { command: 'ls', args: [] });

  expect(answer['result']).toEqual({ action: 'modify', changes: { env: { HELLO_RUST: 'from Rust' } } });
  expect(plugin.sent('log')).toEqual([{ level: 'info', message: 'Hello from Rust, ls is about to run', event: 'event-1' }]);
  expect(await plugin.stop()).toEqual({ code: 0, signal: null });
  expect(plugin.stray).toEqual([]);
});

testWithRust('rust-hello passes its own test', RUST_TIMEOUT, async () => {
  expect(await cargo(import.meta.dirname, ['test', '--locked', '--quiet'])).toMatch(/test result: ok\. 1 passed/);
});
