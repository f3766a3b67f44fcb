import type { Change, PlanLine, Skip, Trace, TracedAnswer } from '@outrigger/schemas';
import { outcomeText, violationText } from './outcome-text.ts';
import { printable, printableValue } from './printable.ts';
import { type Cell, type Column, type TableStyle, table } from './table.ts';

const COLUMNS: readonly Column[] = [
  { title: '#', align: 'right' },
  { title: 'plugin' },
  { title: 'mode' },
  { title: 'ms', align: 'right' },
  { title: 'decision' },
  { title: 'what', wraps: true },
];

/** Facts of one answer that are shown; the JSON has them all. */
const MOST_FACTS = 10;

/** The whole record of one event: who ran in what order, how long, who decided and changed what. */
export function traceTable(trace: Trace, style: TableStyle): string {
  const { paint } = style;
  const outcome = outcomeText(trace.outcome);
  const belongs = (['operation', 'session', 'parent'] as const).flatMap((key) => (trace[key] ? [`${key} ${printable(trace[key])}`] : []));
  const head = [
    `${paint('strong', printable(trace.hook))}  ${printable(trace.event)}`,
    paint('faint', [printable(trace.time), `${milliseconds(trace.durationMs)} ms`, ...belongs].join('  ')),
    paint(outcome.tone ?? 'plain', outcome.text),
  ];
  const rows = rowsOf(trace);
  const body = rows.length > 0 ? ['', table(COLUMNS, rows, style)] : [paint('faint', 'no plugin hears this hook point')];
  return [...head, ...body, ...conflicts(trace, style)].join('\n');
}

/** Few digits where they say something. */
export function milliseconds(ms: number): string {
  return ms.toFixed(ms < 10 ? 2 : ms < 100 ? 1 : 0);
}

/** What one plugin said, in one or two words. */
export function decisionOf(answer: TracedAnswer): Cell {
  if (answer.would) return { text: `would ${answer.would.action}`, tone: 'warn' };
  switch (answer.status) {
    case 'failed':
      return answer.failOpen ? { text: 'failed open', tone: 'warn' } : { text: 'failed', tone: 'bad' };
    case 'blocked':
      return { text: 'blocked', tone: 'bad' };
    case 'replaced':
      return { text: 'replaced', tone: 'warn' };
    case 'modified':
      return { text: 'modified', tone: 'name' };
    case 'continued':
      return { text: 'continued' };
    case 'delivered':
    case 'cancelled':
      return { text: answer.status, tone: 'faint' };
  }
}

function rowsOf(trace: Trace): Cell[][] {
  const rows: Cell[][] = [];
  const seen = new Set<string>();
  for (const line of trace.plan) {
    seen.add(line.plugin);
    const answer = trace.answers.find(({ plugin, mode, stage }) => plugin === line.plugin && mode === line.mode && stage === line.stage);
    if (answer) rows.push(...answerRows(answer));
    else rows.push(silentRow(line, skipOf(trace, line.plugin)));
  }
  for (const skip of trace.skipped) if (!seen.has(skip.plugin)) rows.push(skippedRow(skip));
  return rows;
}

function answerRows(answer: TracedAnswer): Cell[][] {
  const [first = { text: '' }, ...more] = whatCells(answer);
  const row: Cell[] = [
    { text: String(answer.stage + 1), tone: 'faint' },
    { text: printable(answer.plugin), tone: 'name' },
    { text: answer.mode },
    { text: milliseconds(answer.durationMs) },
    decisionOf(answer),
    first,
  ];
  const empty = row.slice(0, -1).map(() => ({ text: '' }));
  return [row, ...more.map((cell) => [...empty, cell])];
}

function whatCells(answer: TracedAnswer): Cell[] {
  const { would } = answer;
  const cells: Cell[] = [];
  if (answer.code) cells.push({ text: printable(answer.message ? `${answer.code}: ${answer.message}` : answer.code), tone: 'warn' });
  for (const violation of [answer.violation, would?.violation]) if (violation) cells.push({ text: violationText(violation) });
  for (const change of [...(answer.changes ?? []), ...(would?.changes ?? [])]) cells.push({ text: changeText(change) });
  for (const value of [answer.value, would?.value]) if (value !== undefined) cells.push({ text: `value ${printableValue(value)}` });
  cells.push(...factCells(answer));
  if (answer.coldStart) cells.push({ text: 'its process was started for this call', tone: 'faint' });
  if ((answer.attempts ?? 1) > 1) cells.push({ text: `${answer.attempts} processes were tried`, tone: 'faint' });
  return cells;
}

function factCells({ metadata = {} }: TracedAnswer): Cell[] {
  const facts = Object.entries(metadata).slice(0, MOST_FACTS);
  return facts.map(([name, fact]) => ({
    text: `${printable(name)}: ${typeof fact === 'string' ? printable(fact) : printableValue(fact)}`,
  }));
}

/** `/env/HOME: "a" → "b"` */
function changeText({ pointer, from, to }: Change): string {
  return `${printable(pointer) || '(all)'}: ${printableValue(from)} → ${printableValue(to)}`;
}

function skipOf(trace: Trace, plugin: string): Skip | undefined {
  return trace.skipped.find((skip) => skip.plugin === plugin);
}

function silentRow(line: PlanLine, skip: Skip | undefined): Cell[] {
  const stage = { text: String(line.stage + 1), tone: 'faint' } as const;
  const text = skip ? 'skipped' : 'not reached';
  return [stage, { text: printable(line.plugin) }, { text: line.mode }, { text: '' }, { text, tone: 'faint' }, reasonOf(skip)];
}

function skippedRow(skip: Skip): Cell[] {
  return [{ text: '' }, { text: printable(skip.plugin) }, { text: '' }, { text: '' }, { text: 'skipped', tone: 'faint' }, reasonOf(skip)];
}

function reasonOf(skip: Skip | undefined): Cell {
  return { text: skip ? printable(skip.message ?? skip.reason) : '', tone: 'faint' };
}

/** Places several plugins wrote: the last one won. */
function conflicts(trace: Trace, { paint }: TableStyle): string[] {
  return trace.outcome.changed
    .filter(({ by }) => by.length > 1)
    .map(({ pointer, by }) => paint('warn', `${printable(pointer)} was changed by ${by.map(printable).join(', then ')}: the last one won`));
}
