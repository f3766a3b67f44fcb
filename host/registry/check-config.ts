import { createHash } from 'node:crypto';
import { check, compileUntrusted, type Issue } from '../protocol/validator.ts';
import { readCached, writeCached } from './document-cache.ts';

type Values = Readonly<Record<string, unknown>>;

/** A plugin's configuration with the defaults of its schema filled in; the original is left as it is. */
export async function checkConfig(
  config: Values,
  schema: Values | undefined,
  cacheDir: string | undefined,
): Promise<{ config: Values } | { issues: readonly Issue[] } | { schemaProblem: string }> {
  if (schema === undefined) return { config };
  const hash = createHash('sha256')
    .update(JSON.stringify([schema, config]))
    .digest('hex');
  const cached = await readCached(cacheDir, 'plugin-configs', hash);
  if (cached !== undefined) return { config: cached as Values };
  const compiled = await compileUntrusted(schema, 'configSchema');
  if ('problem' in compiled) return { schemaProblem: compiled.problem };
  const filled = structuredClone(config);
  const issues = check(compiled.validator, filled);
  if (issues !== undefined) return { issues };
  await writeCached(cacheDir, 'plugin-configs', hash, filled);
  return { config: filled };
}
