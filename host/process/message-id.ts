const EDGE_BYTES = 200;

/** The host's ids are numbers; a plugin may send them back as text. */
export function asNumber(id: unknown): number | undefined {
  if (typeof id === 'string' && /^\d{1,15}$/.test(id)) return Number(id);
  return typeof id === 'number' ? id : undefined;
}

/** The id at the beginning or the end of a message that cannot be parsed. */
export function findId(bytes: Buffer): number | undefined {
  for (const from of [0, Math.max(0, bytes.length - EDGE_BYTES)]) {
    const match = /"id"\s*:\s*"?(\d{1,15})"?\s*[,}]/.exec(bytes.toString('latin1', from, from + EDGE_BYTES));
    if (match !== null) return Number(match[1]);
  }
  return undefined;
}
