/** Runs so many operations one way; microseconds each took. */
export type Block = (count: number) => Promise<number>;

/** Where the processes of a launch run: on all cores, as the kernel places them, or all on one. */
export type Placement = 'all cores' | 'one core';

export type Unit = 'ns' | 'µs' | 'ms' | 'KB' | 'MB';

/** What a measure must reach: a ratio against a contender of the same run, or an absolute value. */
export interface Goal {
  readonly subject: string;
  /** Left out: `atMost` is in the measure's unit. */
  readonly against?: string;
  readonly atMost: number;
  /** Shown as how many times faster the subject is. */
  readonly isSpeed?: true;
  readonly note?: string;
}

export interface Series {
  /** By contender. */
  readonly blocks: Readonly<Record<string, Block>>;
  close(): Promise<void>;
}

/** One row of the benchmark. */
export interface Measure {
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
  readonly placements: readonly Placement[];
  readonly goals: readonly Goal[];
  /** Comparisons without a goal, for reference. */
  readonly shown?: readonly Omit<Goal, 'atMost'>[];
  /** What must be there for some of its contenders. */
  readonly needs?: readonly ToolName[];
  /** Each block is one operation, such as a start, with what it needs before and after outside the clock. */
  readonly isOnce?: true;
  /** Part of the rounds that are run: less for what takes long, more where a few percent matter. Default 1. */
  readonly share?: number;
  /** How many times as long it is warmed up: an event that takes many calls sees few of them in the usual time. Default 1. */
  readonly warmth?: number;
  /** Left out by `--quick`. */
  readonly isLong?: true;
  open(bench: Bench): Promise<Series>;
}

export type ToolName = 'bundle' | 'python' | 'pluggy' | 'go' | 'go-plugin' | 'rust' | 'sandbox';

/** What was built or found, as the path to start; missing ones are left out. */
export type Tools = Partial<Record<ToolName, string>>;

/** What a measure gets. */
export interface Bench {
  readonly tools: Tools;
  /** A folder of this launch; gone when it ends. */
  readonly folder: string;
  /** How much of it all: 1 in a full run. */
  readonly scale: number;
  /** Which launch of the row this is, from 1. */
  readonly turn: number;
}

/** What one launch found: values of each contender by round; the same place in two lists is one pair. */
export type Samples = Readonly<Record<string, readonly number[]>>;

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Compared extends Spread {
  readonly subject: string;
  readonly against?: string;
  readonly atMost?: number;
  readonly isSpeed?: true;
  readonly note?: string;
}

export interface Row {
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
  readonly placement: Placement;
  readonly pairs: number;
  readonly values: Readonly<Record<string, Spread>>;
  readonly compared: readonly Compared[];
}

export interface Results {
  readonly date: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly launches: number;
  /** Contenders that were not there, with the reason. */
  readonly missing: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
}
