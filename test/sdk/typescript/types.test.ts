import { block, definePlugin, modify, replace } from '@outrigger/sdk';
import { describe, expectTypeOf, test } from 'vitest';

interface Tasks {
  'tasks.before_save': { payload: { title: string }; replace: number };
}

describe('definePlugin()', () => {
  test('definePlugin() knows the payload of a hook point that ships with Outrigger', () => {
    definePlugin({
      hooks: {
        'conda.pre_command': (payload, { config }) => {
          expectTypeOf(payload.args).toEqualTypeOf<string[]>();
          expectTypeOf(config).toEqualTypeOf<Record<string, unknown>>();
          return payload.command === 'rm' ? block('no-rm', 'no') : modify({ env: { A: 'b' }, cwd: null });
        },
        'conda.post_command': async (payload) => {
          expectTypeOf(payload.durationMs).toEqualTypeOf<number | undefined>();
        },
      },
    });
  });

  test('definePlugin() allows hook points of an application, with unknown fields', () => {
    definePlugin({
      hooks: {
        'tasks.after_save': (payload) => {
          expectTypeOf(payload).toEqualTypeOf<Record<string, unknown>>();
          return replace('anything');
        },
      },
    });
  });

  test('definePlugin() takes hook points and configuration as type parameters', () => {
    definePlugin<Tasks, { limit: number }>({
      hooks: {
        'tasks.before_save': (payload, { config }) => {
          expectTypeOf(payload.title).toEqualTypeOf<string>();
          expectTypeOf(config.limit).toEqualTypeOf<number>();
          return replace(1);
        },
      },
    });
  });

  test('definePlugin() refuses wrong answers and misspelled fields', () => {
    // @ts-expect-error the payload has no such field
    definePlugin({ hooks: { 'conda.pre_command': (payload) => block('x', payload.comand) } });
    // @ts-expect-error args is a list
    definePlugin({ hooks: { 'conda.pre_command': () => modify({ args: 'x' }) } });
    // @ts-expect-error a finished command cannot be replaced
    definePlugin({ hooks: { 'conda.post_command': () => replace({ exitCode: 0 }) } });
    // @ts-expect-error the replacement needs an exit code
    definePlugin({ hooks: { 'conda.pre_command': () => replace({ stdout: '' }) } });
    // @ts-expect-error Tasks has no such hook point
    definePlugin<Tasks>({ hooks: { 'tasks.befor_save': () => undefined } });
  });
});
