/**
 * Why a plugin may not run; undefined when it may. The one place that decides: a sandbox driver, once there is one,
 * makes the second case conditional on whether it can hold the plugin.
 */
export function refusalOf(name: string, trust: 'full' | 'none', isListed: boolean): string | undefined {
  if (trust === 'full') return undefined;
  if (!isListed) return `it was found in a plugin folder but is not listed: add it to "plugins" with trust: full, or leave it switched off`;
  return `plugins.${name}.trust is none and this version cannot confine plugins yet: set trust: full if you trust it with your rights`;
}
