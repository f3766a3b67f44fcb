export interface Payload {
  id: string;
  items: { n: number; text: string }[];
}

export const SIZES = { '200 B': 200, '4 KB': 4096, '256 KB': 256 * 1024, '8 MB': 8 * 1024 * 1024 } as const;
export type Size = keyof typeof SIZES;

/** A payload of about so many bytes of JSON: one list of small objects. */
export function payloadOf(size: Size): Payload {
  const payload: Payload = { id: 'event', items: [] };
  const item = { n: 0, text: 'a text of thirty-one characters' };
  const each = JSON.stringify(item).length + 1;
  const left = SIZES[size] - JSON.stringify(payload).length;
  for (let n = 0; n < Math.round(left / each); n++) payload.items.push({ ...item, n: n % 10 });
  return payload;
}
