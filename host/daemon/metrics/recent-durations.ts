/** Durations that are remembered; p50 and p99 are of these. */
export const REMEMBERED = 1000;

/** The latest durations of one thing, in milliseconds: exact percentiles of a bounded number. */
export class RecentDurations {
  readonly #ring: Float64Array = new Float64Array(REMEMBERED);
  #count = 0;

  add(ms: number): void {
    this.#ring[this.#count % REMEMBERED] = ms;
    this.#count += 1;
  }

  /** The smallest duration that this share of them, such as 0.99, does not exceed; undefined when there is none. */
  percentiles<const S extends readonly number[]>(...shares: S): { [K in keyof S]: number } | undefined {
    const size = Math.min(this.#count, REMEMBERED);
    if (size === 0) return undefined;
    const sorted = this.#ring.slice(0, size).sort();
    const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * size) - 1)] ?? 0;
    return shares.map(at) as { [K in keyof S]: number };
  }
}
