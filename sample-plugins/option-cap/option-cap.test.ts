import { expect } from 'vitest';
import { openSample } from '../../test/samples/sample-host.ts';
import { GO_TIMEOUT, go, testWithGo, unformatted } from '../../test/sdk/go/go.ts';

const CALL = { action: { type: 'Instruction' }, context: { type: 'ChatContext' } };
const EXECUTE = { component_type: 'Instruction', action: { type: 'Instruction' }, requirements: [], tool_calls_enabled: false };

testWithGo('option-cap lowers what is above the cap, and nothing else', GO_TIMEOUT, async () => {
  const { host } = await openSample(import.meta.dirname);
  const options = async (model_options: object) =>
    (await host.emit('mellea.generation_pre_call', { ...CALL, model_options: { ...model_options } })).payload.model_options;

  expect(await options({ max_tokens: 257, seed: 9999 })).toEqual({ max_tokens: 256, seed: 9999 });
  expect(await options({ max_tokens: 256, '@@@max_new_tokens@@@': 4096 })).toEqual({ max_tokens: 256, '@@@max_new_tokens@@@': 256 });
  expect(await options({ max_new_tokens: 1e300 })).toEqual({ max_new_tokens: 256 });
  expect(await options({ max_tokens: 'many' })).toEqual({ max_tokens: 'many' });
  expect(await options({})).toEqual({});
});

testWithGo('option-cap lowers what holds for a whole session', GO_TIMEOUT, async () => {
  const { host } = await openSample(import.meta.dirname);
  const session = async (given: object) =>
    (await host.emit('mellea.session_pre_init', { backend_name: 'openai', model_id: 'm', ...given })).payload.model_options;

  expect(await session({ model_options: { max_new_tokens: 4000, seed: 4000 } })).toEqual({ max_new_tokens: 256, seed: 4000 });
  expect(await session({ model_options: null })).toBeNull();
});

testWithGo('option-cap sets a temperature only where there is none', GO_TIMEOUT, async () => {
  const { host } = await openSample(import.meta.dirname, { entry: { config: { temperature: 0.25 } } });
  const options = async (model_options: object) => {
    const outcome = await host.emit('mellea.component_pre_execute', { ...EXECUTE, model_options: { ...model_options } });
    expect(outcome.failOpens).toEqual([]);
    return outcome.payload.model_options;
  };

  expect(await options({ seed: 1 })).toEqual({ seed: 1, temperature: 0.25 });
  expect(await options({ temperature: 0 })).toEqual({ temperature: 0 });
  expect(await options({ temperature: null })).toEqual({ temperature: null });
});

testWithGo('option-cap passes its own test', GO_TIMEOUT, async () => {
  expect(await unformatted(import.meta.dirname)).toBe('');
  expect(await go(import.meta.dirname, ['vet', './...'])).toBe('');
  expect(await go(import.meta.dirname, ['test', './...'])).toMatch(/^ok\s/m);
});
