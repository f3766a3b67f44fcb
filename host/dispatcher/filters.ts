import { MatchIndex } from '../registry/match-index.ts';
import type { MatchRule } from '../registry/types.ts';
import type { Participant } from './plan.ts';

type Payload = Readonly<Record<string, unknown>>;
type Stage = readonly Participant[];

/** So many filters are tried one by one; of more, only those that an index finds. */
const TRIED = 16;
/** By what they stand for: a stage, or the stages of a plan. They go with their plan. */
const indexes: WeakMap<object, MatchIndex> = new WeakMap();

/** Those whose filters fit the payload as it is now. */
export function matching(stage: Stage, payload: Payload): Stage {
  if (!stage.some(hasFilter)) return stage;
  const tried = stage.length > TRIED ? pick(stage, indexOf(stage, filterOf).mayFit(payload)) : stage;
  return tried.filter(({ matches }) => matches === undefined || matches(payload));
}

/** The way of one event through its stages: past those in which no filter can fit. */
export class Route {
  readonly #stages: readonly Stage[];
  #payload: Payload | undefined;
  /** Numbers of the stages that are worth a look; undefined: all of them, the plan is short. */
  #due: readonly number[] | undefined;
  #passed = 0;

  constructor(stages: readonly Stage[]) {
    this.#stages = stages;
  }

  /** The first stage from this one on in which somebody may be asked about the payload; one past the last when there is none. */
  next(from: number, payload: Payload): number {
    if (this.#stages.length <= TRIED) return from;
    if (this.#due === undefined || this.#payload !== payload) {
      this.#due = indexOf(this.#stages, filterOfStage).mayFit(payload);
      this.#payload = payload;
      this.#passed = 0;
    }
    while ((this.#due[this.#passed] ?? from) < from) this.#passed++;
    return this.#due[this.#passed] ?? this.#stages.length;
  }
}

function indexOf<T>(list: readonly T[], filterOfOne: (one: T) => readonly MatchRule[] | undefined): MatchIndex {
  let index = indexes.get(list);
  if (index === undefined) {
    index = new MatchIndex(list.map(filterOfOne));
    indexes.set(list, index);
  }
  return index;
}

function hasFilter({ matches }: Participant): boolean {
  return matches !== undefined;
}

function filterOf({ matches, subscription }: Participant): readonly MatchRule[] | undefined {
  return matches === undefined ? undefined : subscription.match;
}

/** One filter is enough for the whole stage: any of its alternatives lets somebody in. */
function filterOfStage(stage: Stage): readonly MatchRule[] | undefined {
  return stage.every(hasFilter) ? stage.flatMap((one) => filterOf(one) ?? []) : undefined;
}

function pick(stage: Stage, places: readonly number[]): Stage {
  return places.map((place) => stage[place] as Participant);
}
