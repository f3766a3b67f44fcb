// npm run bench -- [--quick | --tiny] [--only ID,…] [--json] [--save]
import { parseArgs } from 'node:util';
import { runBench } from './bench.ts';
import { MEASURES } from './measures/index.ts';
import { save } from './save.ts';
import { table } from './table.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    tiny: { type: 'boolean', default: false },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
  },
});
const only = values.only?.split(',');
const unknown = only?.filter((id) => !MEASURES.some((measure) => measure.id === id)) ?? [];
if (unknown.length > 0) {
  console.error(`Cannot measure "${unknown.join('", "')}": the rows are ${MEASURES.map(({ id }) => id).join(', ')}`);
  process.exit(2);
}
const size = values.tiny ? 'tiny' : values.quick ? 'quick' : 'full';
const results = await runBench({
  size,
  measures: MEASURES.filter(({ id }) => only?.includes(id) ?? true),
  log: (line) => console.error(line),
});
if (values.save) save(results);
console.log(values.json ? JSON.stringify(results, undefined, 2) : table(results));
