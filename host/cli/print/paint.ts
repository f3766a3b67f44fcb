import { styleText } from 'node:util';

/** What a text is; how that looks is decided here once. */
export type Tone = 'plain' | 'strong' | 'faint' | 'good' | 'warn' | 'bad' | 'name';

/** Colours a text, or leaves it as it is where colours are not wanted. */
export type Paint = (tone: Tone, text: string) => string;

const STYLES = { strong: 'bold', faint: 'dim', good: 'green', warn: 'yellow', bad: 'red', name: 'cyan' } as const;

/** `env` decides first (FORCE_COLOR, NO_COLOR, TERM=dumb), then whether it is a terminal. */
export function makePaint(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): Paint {
  if (!hasColour(isTerminal, env)) return (_tone, text) => text;
  return (tone, text) => (tone === 'plain' || text === '' ? text : styleText(STYLES[tone], text, { validateStream: false }));
}

function hasColour(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): boolean {
  const force = env['FORCE_COLOR'];
  if (force !== undefined) return force !== '0' && force !== 'false';
  if (env['NO_COLOR']) return false;
  return isTerminal && env['TERM'] !== 'dumb';
}
