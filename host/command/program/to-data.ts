/** Deepest nesting that is followed; what lies below is left out. */
const MAX_LEVELS = 100;

type Visit = (part: unknown, pointer: string) => unknown;

/** What a value says as JSON. Fields that are no data are left out, items null, and `skipped` gets their pointers. */
export function toData(value: unknown, skipped: string[] = []): unknown {
  const inside: object[] = [];
  const visit: Visit = (part, pointer) => {
    if (isAtom(part)) return part;
    if (part instanceof Date && Number.isFinite(part.getTime())) return part.toISOString();
    const holds = Array.isArray(part) || isRecord(part);
    if (!holds || inside.includes(part) || inside.length >= MAX_LEVELS) {
      if (part !== undefined) skipped.push(pointer || '/');
      return undefined;
    }
    inside.push(part);
    const data = Array.isArray(part)
      ? part.map((item, index) => visit(item, `${pointer}/${index}`) ?? null)
      : fieldsOf(part, visit, pointer);
    inside.pop();
    return data;
  };
  return visit(value, '');
}

function isAtom(value: unknown): boolean {
  return value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}

/** The same, of something that has fields. */
export function fieldsToData(value: object): Record<string, unknown> {
  return (toData(value) as Record<string, unknown> | undefined) ?? {};
}

/** True for plain objects and instances of the program's own classes; not for dates, maps and their like. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.prototype.toString.call(value) === '[object Object]';
}

function fieldsOf(part: Record<string, unknown>, visit: Visit, pointer: string): object {
  const entries = Object.keys(part).map((key) => [key, visit(part[key], `${pointer}/${key}`)] as const);
  return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined));
}
