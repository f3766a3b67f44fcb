import { mkdir, writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { definePlugin } from '@outrigger/sdk';
import { layOut } from './chart.ts';
import { drawPng } from './png.ts';
import { drawSvg } from './svg.ts';

const MAX_NAME = 100;

/** The numbers of each series that has any. Figures among them are in the archive already. */
function seriesOf(tracked: Readonly<Record<string, readonly unknown[]>>): [name: string, series: number[]][] {
  const all = Object.entries(tracked).map(([name, values]): [string, number[]] => [
    name,
    values.filter((value) => Number.isFinite(value)) as number[],
  ]);
  return all.filter(([, series]) => series.length > 0);
}

/** A file name for a series: what a path could be made of is replaced, and no two are the same. */
function fileName(name: string, taken: Set<string>): string {
  const plain = name
    .replace(/[^\w.-]+/g, '_')
    .replace(/^[_.]+/, '_')
    .slice(0, MAX_NAME);
  let free = plain;
  for (let n = 2; taken.has(free.toLowerCase()); n++) free = `${plain}-${n}`;
  taken.add(free.toLowerCase());
  return free;
}

export const plugin = definePlugin({
  hooks: {
    'pycomex.after_experiment_finalize': async ({ experiment: { path }, tracked = {} }, { log }) => {
      const all = seriesOf(tracked);
      if (all.length === 0) return {};
      if (typeof path !== 'string' || !isAbsolute(path)) {
        log.warn(`Cannot draw ${all.length} metrics: the experiment names no absolute archive folder`);
        return {};
      }
      const plots: string[] = [];
      const taken = new Set<string>();
      for (const [name, series] of all) {
        const file = join(path, 'plots', fileName(name, taken));
        try {
          const chart = layOut(name, series);
          await mkdir(join(path, 'plots'), { recursive: true });
          await Promise.all([writeFile(`${file}.svg`, drawSvg(chart)), writeFile(`${file}.png`, drawPng(chart))]);
          plots.push(`${file}.svg`, `${file}.png`);
        } catch (error) {
          // One series that cannot be drawn must not cost the others.
          log.warn(`Cannot draw "${name}" into "${path}": ${(error as Error).message}`);
        }
      }
      return { metadata: { plots } };
    },
  },
});
