import { definePlugin, type HookMap } from '@outrigger/sdk';

const TIMEOUT_MS = 2000;
const MAX_PACKAGES = 100;

/** The specs that conda lists, one a line: `  - numpy==99`. What follows about channels is a list too, and not of packages. */
function missingIn(message: string): string[] {
  const [specs = ''] = message.split(/^current channels/im);
  const found = [...specs.matchAll(/^\s*-\s+(\S.{0,200})$/gm)].map(([, spec = '']) => spec.trim());
  return [...new Set(found)].slice(0, MAX_PACKAGES);
}

export const plugin = definePlugin<HookMap, { url: string }>({
  hooks: {
    'conda.on_exception': async ({ message, offline, dryRun, channels, subdir, condaVersion }, { config, fetch, log }) => {
      const packages = missingIn(message);
      if (offline === true || dryRun === true || packages.length === 0) return;
      // Which packages, where they were looked for, and nothing about who asked or in which folder.
      const body = JSON.stringify({ packages, channels, subdir, condaVersion });
      const headers = { 'content-type': 'application/json' };
      try {
        const { status } = await fetch(config.url, { method: 'POST', headers, body, timeoutMs: TIMEOUT_MS });
        if (status >= 300) log.warn(`Cannot report missing packages to "${config.url}": it answered ${status}`);
      } catch (error) {
        log.warn(`Cannot report missing packages to "${config.url}": ${(error as Error).message}`);
      }
    },
  },
});
