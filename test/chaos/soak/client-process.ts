// Several clients of the daemon in one process. Arguments: socket, file to write to, seed, pace in ms, names… Told on stdin: pause, go on; EOF: end.
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { type Client, connect, type HostError } from 'outrigger/client';
import { seededRandom } from '../../e2e/faults-host.ts';
import { Customer, type Emitter } from './customer.ts';

type AnyHooks = Record<string, { payload: Record<string, unknown>; replace: unknown }>;
type AnyClient = Client<AnyHooks>;

const [path = '', file = '', seed = '', pace = '', ...names] = process.argv.slice(2);
const random = seededRandom(Number(seed));
const write = (line: object): void => appendFileSync(file, `${JSON.stringify(line)}\n`);

/** The daemon may be on its way back. */
async function open(): Promise<AnyClient> {
  for (;;) {
    try {
      return await connect<AnyHooks>({ path });
    } catch (error) {
      if ((error as HostError).code !== 'HOST_STOPPED') throw error;
      await wait(100);
    }
  }
}

function emitterOf(client: AnyClient): Emitter {
  return {
    emit: (hook, payload) => client.emit(hook, payload),
    inOperation: async (emits) => {
      await using operation = client.operation();
      await emits((hook, payload) => operation.emit(hook, payload));
    },
    inSession: async (emits) => {
      await using session = await client.session();
      await emits((hook, payload) => session.emit(hook, payload));
    },
  };
}

const customers = await Promise.all(
  names.map(async (name) => new Customer({ name, emitter: emitterOf(await open()), random, paceMs: Number(pace), write })),
);
createInterface({ input: process.stdin })
  .on('line', async (line) => {
    if (line === 'pause') await Promise.all(customers.map((customer) => customer.pause()));
    else for (const customer of customers) customer.goOn();
    console.log(line);
  })
  .on('close', () => process.exit());
console.log('ready');
await Promise.all(customers.map((customer) => customer.run()));
