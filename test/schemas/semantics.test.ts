import { type Answer, catalogs } from '@outrigger/schemas';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HandlerOptions, Host } from '../../host/index.ts';
import { Hosts } from '../support/hosts.ts';
import { readJson } from './every-schema.ts';

type Payload = Record<string, unknown>;
interface Handling {
  readonly name: string;
  readonly options?: HandlerOptions;
  readonly answer?: Answer | ((payload: Payload) => Answer);
}

const hosts = new Hosts();
let host: Host<Record<string, { payload: Payload; replace: unknown }>>;

beforeAll(async () => {
  host = (await hosts.open({}, { config: { catalogs: Object.keys(catalogs) } })) as unknown as typeof host;
});

afterAll(() => hosts.close());

/** Fires the hook's usual example at these handlers, and says who was asked in which order. */
async function fire(hook: string, handlings: readonly Handling[], example = 'usual') {
  const asked: string[] = [];
  const offs = handlings.map(({ name, options, answer = {} }) => {
    const handle = (payload: Payload): Answer => {
      asked.push(name);
      return typeof answer === 'function' ? answer(payload) : answer;
    };
    return host.on(hook, handle, { name, mode: 'sequential', ...options });
  });
  const outcome = await host.emit(hook, readJson<Payload>(`examples/valid/${hook}/${example}.json`));
  for (const off of offs) off();
  return { asked, outcome };
}

test('pycomex asks the higher number first, and equal ones as they registered', async () => {
  const handlings = [{ name: 'z' }, { name: 'a' }, { name: 'low', options: { priority: 10 } }, { name: 'high', options: { priority: 90 } }];

  const { asked } = await fire('pycomex.before_experiment_initialize', handlings);

  expect(asked).toEqual(['high', 'z', 'a', 'low']);
});

test('pycomex gives the caller of a hook the last value, or the default', async () => {
  const change = (result: string): Answer => ({ action: 'modify', changes: { result } });

  const { outcome } = await fire('pycomex.experiment_hook', [
    { name: 'one', answer: change('cnn') },
    { name: 'two', answer: change('mlp') },
  ]);
  const { outcome: silent } = await fire('pycomex.experiment_hook', [{ name: 'one' }]);

  expect(outcome).toMatchObject({ status: 'continued', payload: { result: 'mlp', default: 'linear' } });
  expect(silent).toMatchObject({ status: 'continued', payload: { result: 'linear' } });
});

test('pycomex asks nobody after a StopHook', async () => {
  const stop: Answer = { action: 'replace', value: { result: 'mlp' } };

  const { asked, outcome } = await fire('pycomex.experiment_hook', [
    { name: 'stops', answer: stop, options: { priority: 90 } },
    { name: 'waits' },
  ]);

  expect(asked).toEqual(['stops']);
  expect(outcome).toMatchObject({ status: 'replaced', value: { result: 'mlp' } });
});

test('conda asks by name, whatever came first', async () => {
  const { asked } = await fire('conda.pre_solve', [{ name: 'zeta' }, { name: 'alpha' }, { name: 'mid' }]);

  expect(asked).toEqual(['alpha', 'mid', 'zeta']);
});

test.each(['host', 'x-http-method-override', 'proxy-authorization', 'Host'])('conda refuses the header %s', async (name) => {
  const answer: Answer = { action: 'modify', changes: { headers: { [name]: 'evil' } } };

  const { outcome } = await fire('conda.session_headers', [{ name: 'adds', answer, options: { onFailure: 'fail' } }]);

  expect(outcome.trace.answers).toMatchObject([{ status: 'failed', code: 'ANSWER_PAYLOAD_INVALID' }]);
});

test('coma hands on what a handler changed', async () => {
  const more = (payload: Payload): Answer => ({
    action: 'modify',
    changes: { unknown_args: [...(payload['unknown_args'] as string[]), 'seed=1'] },
  });

  const { outcome } = await fire('coma.pre_config_hook', [
    { name: 'one', answer: more },
    { name: 'two', answer: more },
  ]);

  expect(outcome).toMatchObject({ payload: { unknown_args: ['epochs=3', 'seed=1', 'seed=1'] } });
});

test('mellea takes an empty list for a change', async () => {
  const answer: Answer = { action: 'modify', changes: { requirements: [], strategy: null } };

  const { outcome } = await fire('mellea.component_pre_execute', [{ name: 'clears', answer }]);

  expect(outcome).toMatchObject({ status: 'continued', payload: { requirements: [] } });
});

test('mellea refuses a change of the component’s class', async () => {
  const answer: Answer = { action: 'modify', changes: { component_type: 'Other' } };

  const { outcome } = await fire('mellea.component_pre_execute', [{ name: 'guard', answer }]);

  expect(outcome.status).toBe('blocked');
  expect(outcome.trace.answers).toMatchObject([{ status: 'failed', code: 'ANSWER_NOT_WRITABLE' }]);
});

test.each([
  ['mellea.tool_post_invoke', 'tool_output'],
  ['pycomex.experiment_hook', 'result'],
  ['coma.post_run_hook', 'result'],
])('%s: a plugin can make %s null, which leaves it out', async (hook, field) => {
  const { outcome } = await fire(hook, [{ name: 'clears', answer: { action: 'modify', changes: { [field]: null } } }]);

  expect(outcome.status).toBe('continued');
  expect(outcome).not.toHaveProperty(['payload', field]);
});
