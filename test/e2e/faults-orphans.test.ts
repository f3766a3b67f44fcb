import { once } from 'node:events';
import { expect, test } from 'vitest';
import { waitUntil } from '../support/wait-until.ts';
import { groupOf, isAlive, processes } from './faults-host.ts';
import { runHostScript } from './faults-script.ts';

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

// The first ends at end-of-file, the second and its child do not, the third ignores SIGTERM as well.
const PLUGINS = 'adds-tag,keeps-grandchild,ignores-sigterm';

test('no plugin, grandchild or guardian is left a second after the host was killed with SIGKILL', async () => {
  const { child, report } = await runHostScript('linger', PLUGINS);
  const [, keeper] = report as number[];
  const orphans = await family(child.pid as number);
  // Three plugins, one grandchild, one guardian.
  expect(orphans).toHaveLength(5);
  expect(await groupOf(keeper)).toHaveLength(2);

  child.kill('SIGKILL');
  await once(child, 'exit');

  await waitUntil(async () => (await stillAlive(orphans)).length === 0, 'plugins, grandchild and guardian to be gone', 1000);
});

test('no plugin or grandchild is left after the host, its guardian and a plugin were all killed with SIGKILL', async () => {
  const { child, report } = await runHostScript('linger', 'adds-tag,keeps-grandchild');
  const [, keeper] = report as number[];
  const orphans = await family(child.pid as number);
  const guardians = orphans.filter((pid) => !(report as number[]).includes(pid));
  const guardian = (await processes()).find(({ pid, parent }) => parent === child.pid && guardians.includes(pid));
  expect(guardian).toBeDefined();

  // The plugin first: its group is swept by the host while there is one.
  process.kill(keeper as number, 'SIGKILL');
  await waitUntil(async () => (await groupOf(keeper)).length === 0, 'the grandchild of the killed plugin to be gone');
  process.kill(guardian?.pid as number, 'SIGKILL');
  child.kill('SIGKILL');
  await once(child, 'exit');

  await waitUntil(async () => (await stillAlive(orphans)).length === 0, 'every plugin to be gone', 1000);
  expect(await isAlive(child.pid)).toBe(false);
});
