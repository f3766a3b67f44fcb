/** Another version of the plugin takes calls at the same time: together they never have more in flight than one may have. */
export interface Beside {
  /** Calls in flight on the others. */
  readonly inFlight: () => number;
  /** A call has settled: there may be room for one of theirs. */
  readonly onRoom: () => void;
}

/** There is no other version. */
export const ALONE: Beside = { inFlight: () => 0, onRoom: () => {} };
