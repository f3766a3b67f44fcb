import { once } from 'node:events';
import { expect, test } from 'vitest';
import { waitUntil } from '../support/wait-until.ts';
import { groupOf, processes } from './faults-host.ts';
import { withHostProcess } from './faults-script.ts';

/** A process and all that came from it, by parent and by process group. */
async function family(pid: number): Promise<number[]> {
  const all = await processes();
  const found = new Set([pid]);
  let before = 0;
  while (before !== found.size) {
    before = found.size;
    for (const one of all) if (found.has(one.parent) || (one.group !== 0 && found.has(one.group))) found.add(one.pid);
  }
  found.delete(pid);
  return [...found];
}

async function stillAlive(pids: readonly number[]): Promise<number[]> {
  const alive = new Set((await processes()).map(({ pid }) => pid));
  return pids.filter((pid) => alive.has(pid));
}

test('no plugin, grandchild or guardian is left a second after the host was killed with SIGKILL', async () => {
  // The first ends at end-of-file, the second and its child do not, the third has a child as well and ignores SIGTERM.
  await withHostProcess('linger', 'adds-tag,keeps-grandchild,ignores-sigterm', async (host, report) => {
    const orphans = await family(host.pid);
    // Three plugins, two grandchildren, one guardian.
    expect(orphans).toHaveLength(6);
    expect(orphans).toEqual(expect.arrayContaining(report as number[]));

    host.kill('SIGKILL');
    await once(host, 'exit');

    await waitUntil(async () => (await stillAlive(orphans)).length === 0, 'plugins, grandchildren and guardian to be gone', 1000);
  });
});

test('no plugin or grandchild is left after a plugin, the guardian and the host were killed with SIGKILL, in this order', async () => {
  await withHostProcess('linger', 'adds-tag,keeps-grandchild', async (host, report) => {
    const plugins = report as number[];
    const [, keeper = 0] = plugins;
    const orphans = await family(host.pid);
    const guardian = (await processes()).find(({ pid, parent }) => parent === host.pid && !plugins.includes(pid));
    expect(await groupOf(keeper)).toHaveLength(2);

    process.kill(keeper, 'SIGKILL');
    await waitUntil(async () => (await groupOf(keeper)).length === 0, 'the grandchild of the killed plugin to be gone');
    process.kill(guardian?.pid as number, 'SIGKILL');
    host.kill('SIGKILL');
    await once(host, 'exit');

    await waitUntil(async () => (await stillAlive(orphans)).length === 0, 'every plugin to be gone', 1000);
  });
});
