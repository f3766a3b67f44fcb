/** What is known about a plugin's life, or about what an operator did, beside traces. */
export interface JournalRecord {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly kind: RecordKind;
  readonly plugin?: string;
  readonly hook?: string;
  readonly event?: string;
  /** One sentence for people. */
  readonly message: string;
  /** Facts, as JSON. */
  readonly data?: Readonly<Record<string, unknown>>;
}

export type RecordKind = 'host' | 'start' | 'ready' | 'exit' | 'quarantine' | 'refused' | 'fail-open' | 'delivery' | 'audit';

/** A trace on its way to the worker that has the file, made by `traceLine`: one text costs a fifth of an object with four. */
export type TraceLine = string;

/** One thing to keep; the worker that has the file does it. */
export type JournalOp =
  | TraceLine
  | { readonly do: 'record'; readonly record: Omit<JournalRecord, 'data'>; readonly data: string | undefined };

export interface JournalBounds {
  /** Older traces and records are removed. */
  readonly maxAgeMs: number;
  /** The oldest are removed beyond it. */
  readonly maxBytes: number;
}

/** One event on its way to one plugin. */
export interface SpoolItem {
  /** Place in the order; grows by every event. */
  readonly seq: number;
  readonly hook: string;
  readonly event: string;
  /** Parameters of the call, as JSON without the braces. */
  readonly body: string;
  /** Calls that failed by the plugin's fault. */
  readonly attempts: number;
}

export interface Waiting {
  readonly events: number;
  readonly bytes: number;
}

export type SpoolOp =
  | { readonly do: 'append'; readonly plugin: string; readonly hook: string; readonly event: string; readonly body: string }
  | { readonly do: 'read'; readonly plugin: string; readonly after: number; readonly limit: number }
  | { readonly do: 'settle'; readonly seq: number }
  | { readonly do: 'blame'; readonly seq: number }
  | { readonly do: 'set-aside'; readonly seq: number; readonly reason: string }
  | { readonly do: 'waiting' };

/** What is asked of each operation gives back. */
export interface SpoolResults {
  /** How many of the oldest had to go, and what waits now. */
  append: { readonly dropped: number; readonly waiting: Waiting };
  read: readonly SpoolItem[];
  settle: Waiting | undefined;
  blame: undefined;
  'set-aside': Waiting | undefined;
  waiting: Readonly<Record<string, Waiting & { readonly aside: number }>>;
}

export interface SpoolBounds {
  /** Most events that wait for one plugin. */
  readonly maxEvents: number;
  /** Most bytes that wait for one plugin. */
  readonly maxBytes: number;
  /** Older events are set aside for nobody: they are removed. */
  readonly maxAgeMs: number;
}

/** What a worker that has a file is told at its start. */
export type WorkerData =
  | { readonly kind: 'journal'; readonly file: string; readonly bounds: JournalBounds }
  | { readonly kind: 'spool'; readonly file: string; readonly bounds: SpoolBounds };

export interface Batch {
  readonly ops: readonly (JournalOp | SpoolOp)[];
}

export interface BatchReply {
  /** One for each operation; undefined when the batch failed: then nothing of it was kept. */
  readonly results: readonly unknown[] | undefined;
  /** Why it failed, or what was found on the way. */
  readonly problem: string | undefined;
  /** What the files take on disk. */
  readonly bytes: number;
}
