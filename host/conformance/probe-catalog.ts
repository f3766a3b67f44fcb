import type { Catalog } from '@outrigger/schemas';

/** A plugin that handles this hook point shows everything the kit wants to see; every SDK has one. */
export const PROBE_HOOK = 'probe.call';

/**
 * What a probe does for each `do`: `nothing` answers {}; `echo` replaces with `value`; `modify` sets `value` to "modified";
 * `block` blocks with code "probe"; `fail` throws; `wait` waits `ms` milliseconds or until it is cancelled; `log` writes a record of
 * each level with fields; `progress` tells progress, 50 percent; `print` prints on its standard output; `config` replaces with its configuration;
 * `storage` sets the entry "probe" to `value` and replaces with what it then gets. In the handshake it declines when its configuration has `disable`.
 */
export const PROBE_CATALOG: Catalog = {
  name: 'probe',
  version: 1,
  description: 'The hook point of the conformance kit; no application fires it.',
  hooks: {
    call: {
      description: 'Does what the payload says.',
      payload: {
        type: 'object',
        properties: {
          do: {
            enum: ['nothing', 'echo', 'modify', 'block', 'fail', 'wait', 'log', 'progress', 'print', 'config', 'storage'],
            description: 'What to do.',
          },
          ms: { type: 'number', description: 'How long `wait` takes, in milliseconds.' },
          value: { description: 'Any JSON.' },
        },
        required: ['do'],
        additionalProperties: true,
      },
      allows: ['modify', 'block', 'replace'],
      writable: ['/value'],
      replaceSchema: {},
      timeoutMs: 60_000,
      budgetMs: 60_000,
    },
  },
};

/** Payloads whose answers are judged by the rules of the hook point. */
export const PROBE_PAYLOADS: readonly Record<string, unknown>[] = [
  { do: 'nothing' },
  { do: 'echo', value: { text: 'täglich 漢字 👩‍🚀', list: [1, 2.5, null, true] } },
  { do: 'modify', value: 'before' },
  { do: 'block' },
  { do: 'log' },
  { do: 'progress' },
  { do: 'print' },
  { do: 'storage', value: { kept: true } },
];
