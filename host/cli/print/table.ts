import { cutToWidth, displayWidth, wrapToWidth } from './display-width.ts';
import type { Paint, Tone } from './paint.ts';

/** Text of one cell; the tone colours it after it was measured. */
export interface Cell {
  readonly text: string;
  readonly tone?: Tone;
}

export interface Column {
  readonly title: string;
  /** Numbers stand at the right. */
  readonly align?: 'right';
  /** What does not fit goes on below, in place of being cut. */
  readonly wraps?: true;
}

export interface TableStyle {
  readonly paint: Paint;
  /** Width of the terminal; undefined on a pipe, where nothing is cut. */
  readonly columns: number | undefined;
}

const GAP = '  ';
const NARROWEST = 4;
const NARROWEST_WRAPPED = 16;

/** Rows below a line of titles. Columns are narrowed to the terminal's width, the widest first, and their texts cut or wrapped. */
export function table(columns: readonly Column[], rows: readonly (readonly (Cell | string)[])[], style: TableStyle): string {
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'string' ? { text: cell } : cell)));
  const natural = columns.map((column, index) =>
    cells.reduce((widest, row) => Math.max(widest, displayWidth(row[index]?.text ?? '')), displayWidth(column.title)),
  );
  const widths = fit(natural, columns, style.columns);
  const head = columns.map((column): Cell => ({ text: column.title, tone: 'faint' }));
  return [head, ...cells.flatMap((row) => fold(row, columns, widths))].map((row) => line(row, columns, widths, style.paint)).join('\n');
}

/** A row as the rows it takes once the columns that wrap are as narrow as they must be. */
function fold(row: readonly Cell[], columns: readonly Column[], widths: readonly number[]): Cell[][] {
  const parts = row.map((cell, index) => (columns[index]?.wraps ? wrapToWidth(cell.text, widths[index] ?? 0) : [cell.text]));
  const height = Math.max(...parts.map((texts) => texts.length));
  return Array.from({ length: height }, (_, at) => row.map((cell, index) => ({ ...cell, text: parts[index]?.[at] ?? '' })));
}

/** Takes columns from the widest until the line fits, never below a width that still says something. */
function fit(natural: readonly number[], columns: readonly Column[], total: number | undefined): number[] {
  const widths = [...natural];
  if (total === undefined) return widths;
  const spare = (index: number): number => (widths[index] ?? 0) - (columns[index]?.wraps ? NARROWEST_WRAPPED : NARROWEST);
  let over = widths.reduce((sum, width) => sum + width, GAP.length * (widths.length - 1)) - total;
  for (; over > 0; over -= 1) {
    const widest = Math.max(...widths.filter((_, index) => spare(index) > 0));
    const at = widths.findIndex((width, index) => width === widest && spare(index) > 0);
    if (at < 0) break;
    widths[at] = widest - 1;
  }
  return widths;
}

function line(row: readonly Cell[], columns: readonly Column[], widths: readonly number[], paint: Paint): string {
  const parts = columns.map((column, index) => {
    const cell = row[index] ?? { text: '' };
    const width = widths[index] ?? 0;
    const text = cutToWidth(cell.text, width);
    const padding = ' '.repeat(Math.max(0, width - displayWidth(text)));
    const painted = paint(cell.tone ?? 'plain', text);
    return column.align === 'right' ? padding + painted : painted + padding;
  });
  return parts.join(GAP).trimEnd();
}
