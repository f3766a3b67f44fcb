/** Size of a chart and of the frame in it, in pixels. */
export const SIZE = { width: 640, height: 360, left: 72, right: 624, top: 24, bottom: 328 } as const;

export type Point = readonly [x: number, y: number];

export interface Chart {
  readonly title: string;
  /** Places on the chart, in pixels, from left to right. */
  readonly points: readonly Point[];
  readonly ticks: { readonly x: readonly Tick[]; readonly y: readonly Tick[] };
}

export interface Tick {
  readonly at: number;
  readonly label: string;
}

/** More would be more than one for each column of pixels. */
const MAX_POINTS = 2 * (SIZE.right - SIZE.left);

/** Where a series of numbers lies on a chart; its n-th number stands at n. Pure. */
export function layOut(title: string, series: readonly number[]): Chart {
  const last = Math.max(series.length - 1, 1);
  const [low, high] = rangeOf(series);
  const x = (index: number): number => SIZE.left + (index / last) * (SIZE.right - SIZE.left);
  const y = (value: number): number => SIZE.bottom - ((value - low) / (high - low)) * (SIZE.bottom - SIZE.top);
  const middle = Math.round(last / 2);
  return {
    title,
    points: thinned(series).map(([index, value]) => [x(index), y(value)]),
    ticks: {
      x: [...new Set([0, middle, last])].map((index) => ({ at: x(index), label: String(index) })),
      y: [low, (low + high) / 2, high].map((value) => ({ at: y(value), label: short(value) })),
    },
  };
}

/** A series of one value gets a frame around it. */
function rangeOf(series: readonly number[]): [low: number, high: number] {
  const low = series.reduce((a, b) => Math.min(a, b));
  const high = series.reduce((a, b) => Math.max(a, b));
  const margin = Math.max(Math.abs(low) * 0.1, Number.MIN_VALUE * 2 ** 60) || 1;
  return low === high ? [low - margin, high + margin] : [low, high];
}

/** Of a long series the lowest and the highest value of each stretch, so that no peak is lost. */
function thinned(series: readonly number[]): Point[] {
  const all = series.map((value, index): Point => [index, value]);
  if (all.length <= MAX_POINTS) return all;
  const stretch = Math.ceil((2 * all.length) / MAX_POINTS);
  const stretches = Array.from({ length: Math.ceil(all.length / stretch) }, (_, i) => all.slice(i * stretch, (i + 1) * stretch));
  return stretches.flatMap((points) => {
    const sorted = points.toSorted(([, a], [, b]) => a - b);
    return [sorted[0], sorted.at(-1)].filter((point) => point !== undefined).toSorted(([a], [b]) => a - b);
  });
}

function short(value: number): string {
  const text = value.toPrecision(4);
  return text.includes('e') ? value.toExponential(2) : String(Number(text));
}
