import { SIZES, type Size } from './payload.ts';
import type { Results, Row } from './types.ts';

interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

interface Panel {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly labelOf: (x: number) => string;
}

const WIDTH = 960;
const HEIGHT = 330;
const BOX = { width: 240, height: 200, top: 60, gap: 312, left: 62 } as const;
const COLOURS: Readonly<Record<string, string>> = { outrigger: '#d1242f', 'raw echo': '#57606a', 'vscode-jsonrpc': '#0969da' };
const DRAWN = ['outrigger', 'raw echo', 'vscode-jsonrpc'] as const;

/** What a call costs against payload, calls in flight and plugins installed, as one SVG; both axes grow by factors. */
export function picture({ rows, date, machine }: Results): string {
  const panels = [byPayload(rows), byInFlight(rows), byInstalled(rows)].filter(({ lines }) => lines.length > 0);
  const body = panels.map((panel, place) => drawPanel(panel, BOX.left + place * BOX.gap)).join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">
<title>Microseconds a call takes</title>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>
${body}
${legend()}
<text x="${WIDTH - 12}" y="18" text-anchor="end" fill="#57606a" font-size="10">${xmlText(`${date}, ${machine}; microseconds a call, medians`)}</text>
</svg>
`;
}

function byPayload(rows: readonly Row[]): Panel {
  const lines = linesOf(
    (Object.keys(SIZES) as Size[]).map((size) => [SIZES[size], rowFor(rows, `call-${size.replace(' ', '')}`)] as const),
    DRAWN,
  );
  const labels = new Map(Object.entries(SIZES).map(([label, bytes]) => [bytes, label]));
  return { title: 'against the payload', lines, labelOf: (x) => labels.get(x) ?? '' };
}

function byInFlight(rows: readonly Row[]): Panel {
  const lines = linesOf(
    [1, 4, 16, 64, 256].map((count) => [count, rowFor(rows, `in-flight-${count}`)] as const),
    DRAWN,
  );
  return { title: 'against the calls in flight, 200 B', lines, labelOf: String };
}

function byInstalled(rows: readonly Row[]): Panel {
  const row = rowFor(rows, 'installed');
  const points = [1, 10, 100, 1000].flatMap((count) => {
    const value = row?.values[`${count.toLocaleString('en')} installed`];
    return value === undefined ? [] : [[count, value.median] as const];
  });
  return { title: 'against the plugins installed', lines: points.length === 0 ? [] : [{ name: 'outrigger', points }], labelOf: String };
}

function rowFor(rows: readonly Row[], id: string): Row | undefined {
  return rows.find((row) => row.id === id && row.placement === 'all cores') ?? rows.find((row) => row.id === id);
}

function linesOf(columns: readonly (readonly [x: number, row: Row | undefined])[], names: readonly string[]): Line[] {
  const lines = names.map((name) => ({
    name,
    points: columns.flatMap(([x, row]) => (row?.values[name] === undefined ? [] : [[x, row.values[name].median] as const])),
  }));
  return lines.filter(({ points }) => points.length > 0);
}

function drawPanel({ title, lines, labelOf }: Panel, left: number): string {
  const all = lines.flatMap(({ points }) => points);
  const xs = [...new Set(all.map(([x]) => x))].toSorted((a, b) => a - b);
  const toX = scale([xs[0] ?? 1, xs.at(-1) ?? 1], [left, left + BOX.width]);
  const ys = all.map(([, y]) => y);
  const range = [10 ** Math.floor(Math.log10(Math.min(...ys))), 10 ** Math.ceil(Math.log10(Math.max(...ys)))] as const;
  const toY = scale(range, [BOX.top + BOX.height, BOX.top]);
  const parts = [
    `<text x="${left}" y="${BOX.top - 18}" font-weight="bold">µs ${xmlText(title)}</text>`,
    ...decades(range).map((value) => gridLine(left, toY(value), value)),
    ...xs.map((x) => `<text x="${at(toX(x))}" y="${BOX.top + BOX.height + 18}" text-anchor="middle" font-size="10">${labelOf(x)}</text>`),
    ...lines.map((line) => drawLine(line, toX, toY)),
  ];
  return parts.join('\n');
}

function drawLine({ name, points }: Line, toX: Scale, toY: Scale): string {
  const colour = COLOURS[name] ?? '#000000';
  const places = points.map(([x, y]) => `${at(toX(x))},${at(toY(y))}`);
  const dots = places.map((place) => place.split(',')).map(([x, y]) => `<circle cx="${x}" cy="${y}" r="3" fill="${colour}"/>`);
  return [`<polyline points="${places.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`, ...dots].join('\n');
}

function gridLine(left: number, y: number, value: number): string {
  const text = `<text x="${left - 6}" y="${at(y + 4)}" text-anchor="end" font-size="10">${value.toLocaleString('en')}</text>`;
  return `<line x1="${left}" y1="${at(y)}" x2="${left + BOX.width}" y2="${at(y)}" stroke="#d8dee4"/>\n${text}`;
}

function legend(): string {
  return DRAWN.map((name, place) => {
    const x = BOX.left + place * 130;
    return `<circle cx="${x}" cy="${HEIGHT - 14}" r="4" fill="${COLOURS[name]}"/><text x="${x + 9}" y="${HEIGHT - 10}">${name}</text>`;
  }).join('\n');
}

type Scale = (value: number) => number;

function scale([from, to]: readonly [number, number], [low, high]: readonly [number, number]): Scale {
  const span = Math.log(to / from) || 1;
  return (value) => low + (Math.log(value / from) / span) * (high - low);
}

function decades([from, to]: readonly [number, number]): number[] {
  const found: number[] = [];
  for (let value = from; value <= to * 1.001; value *= 10) found.push(value);
  return found;
}

function at(value: number): string {
  return value.toFixed(1);
}

function xmlText(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
}
