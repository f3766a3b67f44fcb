import type { Trace } from '@outrigger/schemas';
import { outcomeText } from './outcome-text.ts';
import { printable } from './printable.ts';
import { type Cell, type Column, type TableStyle, table } from './table.ts';
import { decisionOf, milliseconds } from './trace-table.ts';

const COLUMNS: readonly Column[] = [
  { title: 'time' },
  { title: 'event' },
  { title: 'hook' },
  { title: 'ms', align: 'right' },
  { title: 'outcome' },
  { title: 'plugins' },
];

/** One line an event. */
export function traceList(traces: readonly Trace[], style: TableStyle): string {
  return table(COLUMNS, traces.map(cellsOf), style);
}

/** The same for one event alone, as it comes. */
export function traceLine(trace: Trace, { paint }: TableStyle): string {
  return cellsOf(trace)
    .map(({ text, tone }) => paint(tone ?? 'plain', text))
    .join('  ');
}

function cellsOf(trace: Trace): Cell[] {
  return [
    { text: printable(trace.time), tone: 'faint' },
    { text: printable(trace.event) },
    { text: printable(trace.hook), tone: 'strong' },
    { text: milliseconds(trace.durationMs) },
    outcomeText(trace.outcome),
    { text: trace.answers.map((answer) => `${printable(answer.plugin)} ${decisionOf(answer).text}`).join(', ') },
  ];
}
