import { appendFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { definePlugin, type HandlerContext, type HookMap } from '@outrigger/sdk';

type Config = { file: string };

/** One write on a file opened for appending: lines of several processes do not mix. */
async function append(payload: object, { hook, event, context, outcome, config }: HandlerContext<Config>): Promise<void> {
  const line = { time: context.time, event, hook, operation: context.operation, outcome: outcome?.status, ...payload };
  await appendFile(config.file, `${JSON.stringify(line)}\n`);
}

export const plugin = definePlugin<HookMap, Config>({
  setup: async ({ config }) => void (await mkdir(dirname(config.file), { recursive: true })),
  hooks: { 'conda.post_command': append, 'conda.on_exception': append },
});
