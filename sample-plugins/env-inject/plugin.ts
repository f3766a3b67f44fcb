import { definePlugin, type HookMap, modify } from '@outrigger/sdk';

interface Config {
  variables?: Record<string, string>;
  prependArgs?: Record<string, string[]>;
  appendArgs?: Record<string, string[]>;
}

export const plugin = definePlugin<HookMap, Config>({
  hooks: {
    'conda.pre_command': ({ command, args }, { config }) => {
      const prepend = config.prependArgs?.[command] ?? [];
      const append = config.appendArgs?.[command] ?? [];
      return modify({
        ...(config.variables && { env: config.variables }),
        ...(prepend.length + append.length > 0 && { args: [...prepend, ...args, ...append] }),
      });
    },
  },
});
