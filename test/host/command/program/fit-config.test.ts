import { describe, expect, test } from 'vitest';
import { hasField, layOver } from '../../../../host/command/program/fit-config.ts';

class Model {
  name = 'small';
  layers = 2;
  isFast = false;
  tags: string[] = ['a'];
  optimiser = { rate: 0.1, options: {} };
  seed: number | undefined = undefined;
  path: string | null = null;
  made = new Date(0);
}

const lay = (data: unknown): { config: Model; mistakes: string[] } => {
  const config = new Model();
  const mistakes = layOver(config, data, new Model()).map(({ pointer, message }) => `${pointer} ${message}`);
  return { config, mistakes };
};

describe('layOver()', () => {
  test('sets what is there, deep down, and leaves the rest', () => {
    const { config, mistakes } = lay({ layers: 3, tags: [], optimiser: { options: { any: { thing: 1 } } }, seed: 7, path: 'x' });
    expect(mistakes).toEqual([]);
    expect(config).toBeInstanceOf(Model);
    expect(config).toMatchObject({
      name: 'small',
      layers: 3,
      tags: [],
      optimiser: { rate: 0.1, options: { any: { thing: 1 } } },
      seed: 7,
      path: 'x',
    });
  });

  test.each([
    [{ layer: 3 }, ['/layer is no field of the config; did you mean "layers"?']],
    [{ layers: '3' }, ['/layers must be a number; got "3"']],
    [{ name: 5 }, ['/name must be text; got 5']],
    [{ name: null }, ['/name must be text; got null']],
    [{ isFast: 'yes' }, ['/isFast must be true or false; got "yes"']],
    [{ tags: { x: 1 } }, ['/tags must be a list; got {"x":1}']],
    [{ optimiser: [] }, ['/optimiser must be a map; got []']],
    [{ optimiser: { rat: 1 } }, ['/optimiser/rat is no field of the config; did you mean "rate"?']],
    [{ made: '2020' }, ['/made is no data by default and can only be set in code']],
    [{ constructor: 1, toString: 2 }, ['/constructor is no field of the config', '/toString is no field of the config']],
    [JSON.parse('{"__proto__": {"polluted": 1}}'), ['/__proto__ is not allowed as a key']],
    [JSON.parse('{"optimiser": {"options": {"__proto__": {"polluted": 1}}}}'), ['/optimiser/options/__proto__ is not allowed as a key']],
    [[1], [' must hold fields; got [1]']],
    ['x'.repeat(100), [' must hold fields; got text']],
  ])('refuses %j', (data, expected) => {
    expect(lay(data).mistakes).toEqual(expected);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  test('shares nothing with the data', () => {
    const data = { tags: ['x'] };
    const { config } = lay(data);
    data.tags.push('y');
    expect(config.tags).toEqual(['x']);
  });
});

describe('hasField()', () => {
  test.each([
    ['layers', true],
    ['optimiser.rate', true],
    ['optimiser.options.any.thing', true],
    ['path.x', true],
    ['layer', false],
    ['layers.x', false],
    ['tags.0', false],
    ['tags.length', false],
    ['constructor', false],
    ['optimiser.toString', false],
    ['__proto__', false],
    ['optimiser.options.__proto__.x', false],
  ])('%s: %s', (path, expected) => {
    expect(hasField(new Model(), path.split('.'))).toBe(expected);
  });
});
