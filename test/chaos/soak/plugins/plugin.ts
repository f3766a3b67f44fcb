import { appendFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { definePlugin, type HandlerContext, modify } from '@outrigger/sdk';

interface Payload {
  readonly client: string;
  readonly n: number;
  readonly mark?: string;
}

interface SoakHooks {
  'soak.step': { payload: Payload; replace: never };
  'soak.lookup': { payload: Payload; replace: never };
  'soak.note': { payload: Payload; replace: never };
}

const ledger = process.env['SOAK_LEDGER'] as string;

/** One line for each call, written before it is answered. */
async function heard({ client, n }: Payload, { event, hook, attempt }: HandlerContext): Promise<ReturnType<typeof modify> | undefined> {
  appendFileSync(ledger, `${event} ${hook} ${client} ${n} ${process.pid} ${attempt}\n`);
  if (n % 10 === 0) await wait(20);
  return process.env['SOAK_MODIFIES'] === undefined ? undefined : modify({ mark: 'typescript' });
}

export const plugin = definePlugin<SoakHooks>({ hooks: { 'soak.step': heard, 'soak.lookup': heard, 'soak.note': heard } });
