import { expect } from 'vitest';
import { openSample } from '../../test/samples/sample-host.ts';
import { cargo, RUST_TIMEOUT, testWithRust } from '../../test/sdk/rust/rust.ts';

const HOOK = 'mellea.tool_pre_invoke';
const call = (name: string, more: object = {}) => ({ model_tool_call: { name, args: {} }, ...more });

testWithRust('tool-allow-list blocks a tool that is not on the list', RUST_TIMEOUT, async () => {
  const { host } = await openSample(import.meta.dirname, { entry: { config: { allowed: ['search', 'add'] } } });

  expect(await host.emit(HOOK, call('search'))).toMatchObject({ status: 'continued', failOpens: [] });
  expect(await host.emit(HOOK, call('Search'))).toMatchObject({
    status: 'blocked',
    cause: 'verdict',
    violation: { code: 'TOOL_NOT_ALLOWED', details: { tool: 'Search', allowed: ['search', 'add'] } },
  });
  expect((await host.emit(HOOK, call('search', { tool_name: 'rm' }))).violation?.details).toMatchObject({ tool: 'rm' });
  expect((await host.emit(HOOK, call('rm', { tool_name: 'search' }))).violation?.details).toMatchObject({ tool: 'rm' });
  expect((await host.emit(HOOK, call('finish', { is_control_flow: true }))).status).toBe('blocked');
});

testWithRust('tool-allow-list lets tools of the framework pass when the operator says so', RUST_TIMEOUT, async () => {
  const config = { allowed: [], allowControlFlow: true };
  const { host } = await openSample(import.meta.dirname, { entry: { config } });

  expect((await host.emit(HOOK, call('finish', { is_control_flow: true }))).status).toBe('continued');
  expect((await host.emit(HOOK, call('finish', { is_control_flow: false }))).status).toBe('blocked');
  expect((await host.emit(HOOK, call('finish'))).status).toBe('blocked');
});

testWithRust('tool-allow-list judges the call as other plugins left it', RUST_TIMEOUT, async () => {
  const { host } = await openSample(import.meta.dirname, { entry: { config: { allowed: ['search'] } } });
  host.on(HOOK, () => ({ action: 'modify', changes: { model_tool_call: { name: 'rm' } } }), { mode: 'transform', priority: 90 });

  expect((await host.emit(HOOK, call('search'))).violation?.details).toMatchObject({ tool: 'rm' });
});

testWithRust('tool-allow-list passes its own test', RUST_TIMEOUT, async () => {
  expect(await cargo(import.meta.dirname, ['test', '--locked', '--quiet'])).toMatch(/test result: ok\. 1 passed/);
});
