/** What a client wrote down about one event that it fired. */
export interface Fired {
  readonly client: string;
  readonly n: number;
  readonly hook: string;
  /** When the answer came, in milliseconds since 1970. */
  readonly at: number;
  readonly event?: string;
  readonly status?: string;
  readonly cause?: string;
  readonly by?: string;
  readonly failOpens?: readonly { readonly plugin: string; readonly code: string }[];
  /** Code of the error, when there is no outcome. */
  readonly error?: string;
}

/** One line of a plugin's ledger: a call, written down before it was answered. */
export interface Heard {
  readonly event: string;
  readonly hook: string;
  readonly client: string;
  readonly n: number;
  readonly pid: number;
  readonly attempt: number;
}

/** The life of one daemon process, in milliseconds since 1970. */
export interface Reign {
  readonly pid: number;
  readonly from: number;
  to: number;
  /** It was killed, and did not end by itself. */
  isKilled: boolean;
}

/** Memory of the daemon after a forced collection, with nothing to do. */
export interface MemoryPoint {
  readonly at: number;
  readonly events: number;
  readonly rssKb: number;
  /** Live objects, their buffers included. */
  readonly liveKb: number;
}

export interface Check {
  readonly name: string;
  readonly isGood: boolean;
  /** The numbers behind it. */
  readonly facts: string;
}

export interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
  readonly plugins: number;
  readonly clients: number;
  /** Told what happens, for people. */
  readonly log: (line: string) => void;
  /** The folder is left for somebody to look at. */
  readonly keep?: boolean;
}

export interface SoakResult {
  readonly seed: number;
  readonly minutes: number;
  readonly checks: readonly Check[];
  /** How often each kind of violence was done. */
  readonly violence: Readonly<Record<string, number>>;
  readonly memory: readonly MemoryPoint[];
  readonly folder: string | undefined;
}
