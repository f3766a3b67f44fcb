/** Deepest nesting of what a plugin says that the host follows; JSON of some thousand levels overflows the stack of who writes it again. */
export const MAX_DEPTH = 256;

/** True when `value` nests deeper than `levels`; stops looking there. */
export function isDeeper(value: unknown, levels: number): boolean {
  return typeof value === 'object' && value !== null && nests(value, levels);
}

/** Every answer is walked through: a list of the values of each object, and a call for each value, take two and a half times as long. */
function nests(value: object, levels: number): boolean {
  if (levels === 0) return true;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object' && item !== null && nests(item, levels - 1)) return true;
    return false;
  }
  for (const key in value) {
    const item = (value as Record<string, unknown>)[key];
    if (typeof item === 'object' && item !== null && nests(item, levels - 1)) return true;
  }
  return false;
}
