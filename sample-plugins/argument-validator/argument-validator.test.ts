import { expect, test } from 'vitest';
import { openSample } from '../../test/samples/sample-host.ts';

const HOOK = 'mellea.tool_pre_invoke';
const STRIP = { config: { action: 'strip' }, mode: 'transform', priority: 15 } as const;
const call = (expression: unknown, more: object = {}) => ({ model_tool_call: { name: 'calculator', args: { expression } }, ...more });

test('argument-validator blocks an expression with other characters, and names them', async () => {
  const { host } = await openSample(import.meta.dirname);
  const emit = (expression: unknown, more?: object) => host.emit(HOOK, call(expression, more));

  for (const safe of ['0123456789+-*/(). ', '', 7, '1 / (2.5 - 3) * -4']) {
    expect(await emit(safe)).toMatchObject({ status: 'continued', failOpens: [] });
  }
  expect(await emit('__import__("os")')).toMatchObject({
    status: 'blocked',
    cause: 'verdict',
    violation: {
      code: 'UNSAFE_EXPRESSION',
      details: { argument: 'expression', found: ['_', 'i', 'm', 'p', 'o', 'r', 't', '"', 's'] },
    },
  });
  for (const unsafe of ['1\n2', '1\t2', '1^2', '1e3', '２', ['1'], {}, null, true]) expect((await emit(unsafe)).status).toBe('blocked');
  expect((await emit('1', { tool_args: { expression: 'x' } })).status).toBe('blocked');
  expect((await host.emit(HOOK, { model_tool_call: { name: 'search', args: { expression: 'x' } } })).status).toBe('continued');
  expect((await host.emit(HOOK, { model_tool_call: { name: 'calculator', args: {} } })).status).toBe('continued');
});

test('argument-validator takes the other characters out in mode transform', async () => {
  const { host } = await openSample(import.meta.dirname, { entry: STRIP });

  const { payload } = await host.emit(HOOK, call('1+x2; 3', { tool_args: { expression: 'y4', other: 'z' } }));

  expect(payload).toMatchObject({
    model_tool_call: { name: 'calculator', args: { expression: '1+2 3' } },
    tool_args: { expression: '4', other: 'z' },
  });
  expect((await host.emit(HOOK, call('1+2'))).trace.answers).toMatchObject([{ status: 'continued' }]);
});

test('argument-validator is refused loudly when it would change a call where it may not', async () => {
  const { host } = await openSample(import.meta.dirname, { entry: { config: STRIP.config } });

  const { status, cause, trace } = await host.emit(HOOK, call('1+x2'));

  expect({ status, cause }).toEqual({ status: 'blocked', cause: 'failure' });
  expect(trace.answers).toMatchObject([{ status: 'failed', code: 'ANSWER_NOT_ALLOWED' }]);
});

test('argument-validator guards the tool and characters that the operator names', async () => {
  const config = { tool: 'sql', argument: 'table', characters: 'abc_' };
  const { host } = await openSample(import.meta.dirname, { entry: { config } });
  const emit = async (table: string) => (await host.emit(HOOK, { model_tool_call: { name: 'sql', args: { table } } })).status;

  expect(await emit('a_b')).toBe('continued');
  expect(await emit('a-b')).toBe('blocked');
});
