/** Deepest nesting of what a plugin says that the host follows; JSON of some thousand levels overflows the stack of who writes it again. */
export const MAX_DEPTH = 256;

/** True when `value` nests deeper than `levels`; stops looking there. */
export function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  for (const item of Object.values(value)) if (isDeeper(item, levels - 1)) return true;
  return false;
}
