// A host that does what no host should. By hand: node --conditions=@outrigger/source test/conformance/hostile-host.ts FOLDER
import { tmpdir } from 'node:os';
import { Bench } from '../../host/conformance/bench.ts';
import { buildPlugin } from '../../host/conformance/build-plugin.ts';
import { CheckFailure, must } from '../../host/conformance/check-failure.ts';
import { folderTarget } from '../../host/conformance/make-target.ts';
import { endOf } from '../../host/conformance/messages.ts';
import type { Target } from '../../host/conformance/types.ts';
import { ping } from '../../host/conformance/wire-checks.ts';
import type { WireClient } from '../../host/conformance/wire-client.ts';
import { FAULTS, type Fault } from './faults.ts';

const END_MS = 2000;
const AT_ONCE = 4;

/** Does every fault to a process of its own; gives a line for each that the plugin did not survive. Leaves no process behind. */
export async function attack(target: Target, faults: readonly Fault[] = FAULTS): Promise<string[]> {
  const left = [...faults.entries()];
  const failures: [number, string][] = [];
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [index, fault] = next;
      const why = await inflict(target, fault);
      if (why !== undefined) failures.push([index, `${fault.what}: ${why}`]);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return failures.sort(([a], [b]) => a - b).map(([, text]) => text);
}

/** What went wrong; undefined when the plugin survived. */
async function inflict(target: Target, fault: Fault): Promise<string | undefined> {
  const bench = new Bench(target);
  try {
    const client = fault.isFirst ? bench.start() : await bench.fresh();
    await fault.act(client, bench);
    if (fault.ends) await ends(client);
    else await ping(client, ' afterwards');
    return undefined;
  } catch (error) {
    if (error instanceof CheckFailure) return error.message;
    throw error;
  } finally {
    await bench.clear();
  }
}

async function ends(client: WireClient): Promise<void> {
  const exit = await client.ended(END_MS, 'the process did not end');
  must(exit.signal === undefined, `the process ${endOf(exit)}`);
}

if (import.meta.main) {
  const [folder = '.'] = process.argv.slice(2);
  await buildPlugin(folder, process.env);
  const place = { cwd: process.cwd(), env: process.env, cacheDir: tmpdir() };
  const failures = await attack(await folderTarget(folder, place));
  for (const line of failures) console.log(line);
  console.log(`${FAULTS.length - failures.length} of ${FAULTS.length} faults survived`);
  process.exitCode = failures.length > 0 ? 1 : 0;
}
