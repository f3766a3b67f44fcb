import { twins } from '@outrigger/schemas/runtime';
import { _, type CodeKeywordDefinition } from 'ajv/dist/2020.js';

/** `uniqueItems` in one pass; ajv's own compares each item with each other one, so that one long answer would stop the host. */
export const uniqueItems: CodeKeywordDefinition = {
  keyword: 'uniqueItems',
  type: 'array',
  schemaType: 'boolean',
  error: { message: 'must NOT have duplicate items', params: ({ params }) => _`{i: ${params['i']}, j: ${params['j']}}` },
  code(context) {
    if (context.schema !== true) return;
    const { gen, data } = context;
    const find = gen.scopeValue('func', { ref: twins, code: _`require("@outrigger/schemas/runtime").twins` });
    const pair = gen.const('pair', _`${find}(${data})`);
    context.setParams({ i: _`${pair}[1]`, j: _`${pair}[0]` });
    context.fail(_`${pair} !== undefined`);
  },
};
