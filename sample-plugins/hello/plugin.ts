import { definePlugin, modify } from '@outrigger/sdk';

export const plugin = definePlugin({
  hooks: {
    'conda.pre_command': (payload, { log }) => {
      log.info(`Hello from a plugin, ${payload.command} is about to run`);
      return modify({ env: { HELLO: `from a plugin in process ${process.pid}` } });
    },
  },
});
