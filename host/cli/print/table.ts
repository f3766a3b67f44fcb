import { cutToWidth, displayWidth } from './display-width.ts';
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
}

export interface TableStyle {
  readonly paint: Paint;
  /** Width of the terminal; undefined on a pipe, where nothing is cut. */
  readonly columns: number | undefined;
}

const GAP = '  ';
const NARROWEST = 4;

/** Rows below a line of titles. Lines are cut to the terminal's width, the widest columns first. */
export function table(columns: readonly Column[], rows: readonly (readonly (Cell | string)[])[], style: TableStyle): string {
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'string' ? { text: cell } : cell)));
  const natural = columns.map((column, index) =>
    cells.reduce((widest, row) => Math.max(widest, displayWidth(row[index]?.text ?? '')), displayWidth(column.title)),
  );
  const widths = fit(natural, style.columns);
  const head = columns.map((column): Cell => ({ text: column.title, tone: 'faint' }));
  return [head, ...cells].map((row) => line(row, columns, widths, style.paint)).join('\n');
}

/** Takes columns from the widest until the line fits, never below a width that still says something. */
function fit(natural: readonly number[], total: number | undefined): number[] {
  const widths = [...natural];
  if (total === undefined) return widths;
  let over = widths.reduce((sum, width) => sum + width, GAP.length * (widths.length - 1)) - total;
  while (over > 0) {
    const widest = widths.indexOf(Math.max(...widths));
    const width = widths[widest] ?? 0;
    if (width <= NARROWEST) break;
    widths[widest] = width - 1;
    over -= 1;
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
