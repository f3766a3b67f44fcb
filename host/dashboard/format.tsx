import type { StatusResult } from '@outrigger/schemas';

export type Plugin = StatusResult['plugins'][number];
export type Tone = 'good' | 'warn' | 'bad' | 'plain';

const STATE_TONES: Readonly<Partial<Record<Plugin['state'], Tone>>> = {
  ready: 'good',
  starting: 'warn',
  backoff: 'warn',
  draining: 'warn',
  untrusted: 'warn',
  quarantined: 'bad',
  refused: 'bad',
  broken: 'bad',
};
const RESULT_TONES: Readonly<Record<string, Tone>> = {
  continued: 'plain',
  modified: 'good',
  delivered: 'plain',
  blocked: 'bad',
  replaced: 'warn',
  cancelled: 'warn',
  failed: 'bad',
  error: 'bad',
  warn: 'warn',
};

export function stateTone(state: Plugin['state']): Tone {
  return STATE_TONES[state] ?? 'plain';
}

export function resultTone(result: string): Tone {
  return RESULT_TONES[result] ?? 'plain';
}

/** `0.42 ms`, `37 ms`, `1.2 s`. */
export function milliseconds(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms.toFixed(ms < 10 ? 2 : 0)} ms`;
}

export function memory(kb: number | undefined): string {
  if (kb === undefined) return '–';
  return kb < 1024 ? `${kb} KiB` : `${Math.round(kb / 1024)} MiB`;
}

/** `800 ms`, `12 s`, `3 min`, `5 h`, `2 d`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const units: readonly [number, string][] = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
  ];
  const [size, name] = units.find(([unit]) => ms >= unit) ?? [1000, 's'];
  return `${Math.floor(ms / size)} ${name}`;
}

export function clock(time: number | string): string {
  return new Date(time).toLocaleTimeString([], { hour12: false });
}

/** A value as JSON, short enough for a line; characters that draw nothing, or turn the line around, are shown as escapes. */
export function value(given: unknown): string {
  const text = given === undefined ? 'nothing' : JSON.stringify(given);
  return visible(text.length > 400 ? `${text.slice(0, 400)}…` : text);
}

const INVISIBLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu;

/** Names and words come from plugins, which may want to look like somebody else. */
export function visible(text: string): string {
  return text.replace(INVISIBLE, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
