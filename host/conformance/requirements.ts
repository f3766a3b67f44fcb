import type { Level, Requirement } from './types.ts';

const W: readonly string[] = [
  'answers "initialize" with a result',
  'answers "ping"',
  'settles a request of an unknown method and stays alive',
  'ignores unknown notifications and unknown parameters',
  'writes one JSON-RPC message a line (or behind Content-Length), in UTF-8, and nothing else on stdout',
  'answers with the id it was given, number or text, each exactly once',
  'answers "shutdown" and ends with code 0 on "exit"',
  'ends when stdin ends',
  'survives a line that is no JSON, a batch, and an answer to nothing',
  'takes a message of 1 MB, a message in many chunks, and many messages in one chunk',
];

const H: readonly string[] = [
  'answers "hook/invoke" for each of its hooks with a valid answer',
  'answers a hook it does not handle with an error or {}',
  'keeps several events in flight, up to its concurrency',
  'turns a failing handler into an error answer and lives on',
  'takes "hook/notify" without answering',
  'survives non-ASCII text, lone surrogates, big numbers and payloads 256 levels deep',
  'answers within the rules of the hook point',
];

const S: readonly string[] = [
  'settles a cancelled call within 500 ms',
  'takes "config/changed" without answering',
  'finishes what is in flight before it answers "shutdown"',
  'writes log records that fit their schema',
  'writes progress that fits its schema',
  'makes requests with ids of its own and survives error answers and late ones',
  'declines in the handshake with "disable" when it cannot serve',
  'ends within 2 s after stdin ends, even while handlers run',
  'answers "ping" while a handler runs',
];

/** The whole list, in order. */
export const REQUIREMENTS: readonly Requirement[] = [...listed('W', 0, W), ...listed('H', 1, H), ...listed('S', 2, S)];

export function requirement(id: string): Requirement {
  const found = REQUIREMENTS.find((one) => one.id === id);
  if (found === undefined) throw new TypeError(`no requirement has the id "${id}"`);
  return found;
}

function listed(letter: string, level: Level, texts: readonly string[]): Requirement[] {
  return texts.map((text, index) => ({ id: `${letter}${index + 1}`, level, text }));
}
