import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPlugin } from '../../host/conformance/build-plugin.ts';
import { runChecks } from '../../host/conformance/run-checks.ts';
import type { Report, Target } from '../../host/conformance/types.ts';
import { servingTarget } from './surroundings.ts';

/** Builds the plugin where it must be, and gives it to `use` as something to test. */
export async function withTarget<T>(folder: string, use: (target: Target) => Promise<T>): Promise<T> {
  const scratch = mkdtempSync(join(tmpdir(), 'outrigger-conformance-'));
  try {
    await buildPlugin(folder, process.env);
    return await use(await servingTarget(folder, scratch));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Runs the whole list against the plugin in a folder. */
export function judge(folder: string): Promise<Report> {
  return withTarget(folder, (target) => runChecks(target));
}

/** One line for each requirement that a plugin claims and does not meet. */
export function failuresOf({ findings }: Report): string[] {
  return findings.filter(({ status }) => status === 'fail').map(({ id, reason }) => `${id}: ${reason}`);
}

/** Why the plugin would not serve where it was tried; undefined when it did. */
export function declineOf({ findings }: Report): string | undefined {
  return findings.map(({ reason = '' }) => reason).find((reason) => reason.startsWith('it declined'));
}
