// npm run soak -- [--minutes N] [--seed N] [--plugins N] [--clients N] [--keep] [--json]
import { parseArgs } from 'node:util';
import { report } from './soak/report.ts';
import { runSoak } from './soak/run-soak.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    plugins: { type: 'string', default: '20' },
    clients: { type: 'string', default: '50' },
    keep: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

function numberOf(name: 'minutes' | 'seed' | 'plugins' | 'clients'): number {
  const number = Number(values[name]);
  if (number >= 0) return number;
  console.error(`Cannot soak with --${name} "${values[name]}": give a number`);
  process.exit(2);
}

// What was started is ended on the way out.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
const result = await runSoak({
  minutes: numberOf('minutes'),
  seed: numberOf('seed'),
  plugins: numberOf('plugins'),
  clients: numberOf('clients'),
  keep: values.keep,
  log: (line) => console.error(line),
});
console.log(values.json ? JSON.stringify(result, undefined, 2) : report(result));
process.exit(result.checks.every(({ isGood }) => isGood) ? 0 : 1);
