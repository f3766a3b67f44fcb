import { compileFunction } from 'node:vm';
import type { Validator } from '@outrigger/schemas';
import { equal, twins, ucs2length } from '@outrigger/schemas/runtime';

/** What ajv's code may ask for. Not ajv's own `equal`: that one calls `valueOf` and `toString` of what it compares, which the data may bring. */
const HELPERS: Readonly<Record<string, unknown>> = {
  'ajv/dist/runtime/equal': { default: equal },
  'ajv/dist/runtime/ucs2length': { default: ucs2length },
  '@outrigger/schemas/runtime': { twins },
};

/** The validator that ajv's standalone code defines. Throws for any other text: whoever keeps code runs what it says. */
export function validatorFrom(code: string): Validator {
  const module: { exports?: unknown } = {};
  compileFunction(code, ['module', 'require'])(module, helper);
  if (typeof module.exports !== 'function') throw new Error('The code defines no validator');
  return module.exports as Validator;
}

function helper(name: string): unknown {
  if (!Object.hasOwn(HELPERS, name)) throw new Error(`A validator asks for "${name}", which is no helper of ours`);
  return HELPERS[name];
}
