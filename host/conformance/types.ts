import type { LaunchSpec } from '../process/types.ts';
import type { LoadedHook, Mode } from '../registry/types.ts';
import type { Enclosure } from '../sandbox/types.ts';

export type Level = 0 | 1 | 2;
export type Framing = 'lines' | 'content-length';
export type Json = Record<string, unknown>;

/** One thing a plugin must do. Ids are permanent. */
export interface Requirement {
  readonly id: string;
  readonly level: Level;
  /** What is checked, as one sentence about the plugin. */
  readonly text: string;
}

/** One message, as text, with who wrote it; `note` is what happened in between (an exit, bytes that are no message). */
export interface Exchanged {
  readonly from: 'host' | 'plugin' | 'note';
  /** Milliseconds since the process was started. */
  readonly atMs: number;
  readonly text: string;
}

/** What the plugin wrote, as far as it could be read. */
export interface Received {
  readonly message: Json;
  readonly atMs: number;
}

/** Who looks on while a process is spoken to. */
export interface Watch {
  readonly onExchange?: (exchanged: Exchanged) => void;
  readonly onStderr?: (text: string) => void;
}

/** `not-claimed`: above the plugin's level, or it showed nothing that could be judged; `reason` says which. */
export interface Finding extends Requirement {
  readonly status: 'pass' | 'fail' | 'not-claimed';
  readonly durationMs: number;
  /** Why it failed, or why it was not judged. */
  readonly reason?: string;
  /** The last messages before the failure, the newest last. */
  readonly exchange?: readonly Exchanged[];
}

export interface Report {
  /** Name in the manifest, or the command. */
  readonly plugin: string;
  /** Up to where it was judged, and why. */
  readonly level: Level;
  readonly why: string;
  readonly ok: boolean;
  readonly passed: number;
  readonly failed: number;
  readonly notClaimed: number;
  readonly durationMs: number;
  readonly findings: readonly Finding[];
}

/** A hook point as one plugin hears it; `rules` is undefined where no catalog declares it. */
export interface TargetHook {
  readonly name: string;
  readonly mode: Mode;
  readonly rules: LoadedHook | undefined;
  /** Payloads that fit it, the plainest first. */
  readonly payloads: readonly Json[];
}

/** What is tested: how it starts, and what it says it does. */
export interface Target {
  readonly name: string;
  readonly version: string;
  readonly launch: LaunchSpec;
  /** How it is confined, made anew for every start; undefined: it runs bare. */
  readonly confine: (() => Enclosure) | undefined;
  readonly framing: Framing;
  readonly hooks: readonly TargetHook[];
  readonly config: Json;
  readonly concurrency: number;
  /** Names of the secrets its manifest asks for. */
  readonly secrets: readonly string[];
}

export interface TestOptions {
  /** Judge up to this level, whatever the plugin claims. */
  readonly level?: Level;
  /** Longest time for the whole run, in milliseconds; what is left then fails. Default 180 000. */
  readonly timeoutMs?: number;
  /** Told of each finding as it is made. */
  readonly onFinding?: (finding: Finding) => void;
}
