import type { Compared, Results, Row } from './types.ts';

/** All rows as Markdown: goals first, then what every contender took. */
export function table(results: Results): string {
  return [machineLine(results), '', goals(results), '', values(results)].join('\n');
}

export function machineLine({ date, machine, versions, launches, missing }: Results): string {
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const without = Object.keys(missing).length === 0 ? '' : ` Not there: ${Object.keys(missing).join(', ')}.`;
  return `Measured ${date}: ${machine}; ${list.join(', ')}; ${launches} launches.${without}`;
}

/** What must be reached, and what was. */
export function goals({ rows }: Results): string {
  const lines = rows.flatMap((row) => row.compared.filter(({ atMost }) => atMost !== undefined).map((compared) => goalLine(row, compared)));
  return ['| measure | against | goal | median | min – max | |', '|---|---|---|---|---|---|', ...lines].join('\n');
}

function goalLine(row: Row, { subject, against, atMost = Number.NaN, isSpeed, median, min, max }: Compared): string {
  const where = row.placement === 'one core' ? ', one core' : '';
  const who = subject === 'outrigger' ? '' : ` (${subject.replace('outrigger, ', '')})`;
  const show = (value: number): string => (against === undefined ? `${round(value)} ${row.unit}` : `${round(value)} ×`);
  const [goal, middle, low, high] =
    isSpeed === true
      ? [`≥ ${show(1 / atMost)}`, show(1 / median), show(1 / max), show(1 / min)]
      : [`≤ ${show(atMost)}`, show(median), show(min), show(max)];
  const name = isSpeed === true ? `${against ?? ''}, faster` : (against ?? '–');
  return `| ${row.title}${who}${where} | ${name} | ${goal} | ${middle} | ${low} – ${high} | ${median <= atMost ? 'reached' : 'missed'} |`;
}

/** Every contender of every row, with its ratio where one is shown. */
export function values({ rows }: Results): string {
  const lines = rows.flatMap((row) =>
    Object.entries(row.values).map(([name, { median, min, max }]) => {
      const compared = row.compared.find(({ subject, against }) => subject === name && against !== undefined);
      const ratio = compared === undefined ? '' : `${round(compared.median)} × ${compared.against}`;
      return `| ${row.title} | ${row.placement} | ${name} | ${round(median)} ${row.unit} | ${round(min)} – ${round(max)} | ${ratio} |`;
    }),
  );
  return ['| measure | on | contender | median | min – max | ratio |', '|---|---|---|---|---|---|', ...lines].join('\n');
}

/** Three digits. */
export function round(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
}

/** In the README, in this order; the full table has all. */
const BESIDE = ['outrigger', 'vscode-jsonrpc', 'MCP SDK', 'go-plugin gRPC', 'go-plugin net/rpc', 'grpc-js', 'jayson', 'node fork'];

/** Ours beside the others in a few lines, for people who want to choose. */
export function readmeTable(results: Results): string {
  const ratios = (['200 B', '4 KB', '256 KB'] as const).map((size) => {
    const row = rowOf(results, `call-${size.replace(' ', '')}`);
    return [`${size}, × raw echo`, ...BESIDE.map((name) => ratioToRaw(row, name))];
  });
  const flight = rowOf(results, 'in-flight-256');
  const speeds = ['calls a second, 256 in flight', ...BESIDE.map((name) => perSecond(flight, name))];
  const lines = [['', ...BESIDE], BESIDE.map(() => '---').concat('---'), ...ratios, speeds].map((cells) => `| ${cells.join(' | ')} |`);
  const { versions } = results;
  return [
    ...lines,
    '',
    '![What a call costs against payload, calls in flight and plugins installed](test/bench/results.svg)',
    '',
    `Ours is a whole hook call, checked and traced. ${machineLine({ ...results, versions: { Node: versions['Node'] ?? '' } })}`,
    'Again: `npm run bench`, or `npm run bench -- --quick` for a minute; [test/bench/](test/bench/README.md) has every row, goal and contender.',
  ].join('\n');
}

function rowOf({ rows }: Results, id: string): Row | undefined {
  return rows.find((row) => row.id === id && row.placement === 'all cores') ?? rows.find((row) => row.id === id);
}

function ratioToRaw(row: Row | undefined, name: string): string {
  const compared = row?.compared.find(({ subject, against }) => subject === name && against === 'raw echo');
  return compared === undefined ? '' : round(compared.median);
}

function perSecond(row: Row | undefined, name: string): string {
  const value = row?.values[name];
  return value === undefined ? '' : Math.round(1_000_000 / value.median).toLocaleString('en');
}
