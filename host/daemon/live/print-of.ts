import type { RegisteredPlugin } from '../../registry/types.ts';
import type { PluginSpec } from '../../supervisor/types.ts';

/** The operator's settings are part of it where something confines the plugin by them. */
export function printOf(
  { directory, manifestHash, hash, trust, granted, confinement }: RegisteredPlugin,
  spec: PluginSpec,
  sandbox: unknown,
): string {
  const { config: _, confine: __, ...fixed } = spec;
  const held = confinement === undefined ? undefined : [confinement.driver.name, sandbox];
  return JSON.stringify([fixed, directory, manifestHash, hash, trust, granted, held]);
}
