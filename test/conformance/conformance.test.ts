import { readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { REQUIREMENTS } from '../../host/conformance/requirements.ts';
import type { Report } from '../../host/conformance/types.ts';
import { testWith } from '../support/needs.ts';
import { COLUMNS, PROBES, SAMPLES, type Tested } from './columns.ts';
import { attack } from './hostile-host.ts';
import { declineOf, failuresOf, judge, withTarget } from './judge.ts';
import { cellsOf, columnsIn } from './table.ts';

/** A compiler that starts from nothing takes its time. */
const timeout = 300_000;
const README = readFileSync(new URL('../../sdk/README.md', import.meta.url), 'utf8');

describe('outrigger test', () => {
  for (const probe of PROBES) {
    testWith(...probe.needs)(`passes the SDK probe ${probe.name} in every requirement`, { timeout }, async () => {
      const report = await judge(probe.folder);

      expect(failuresOf(report)).toEqual([]);
      expect(report).toMatchObject({ level: 2, passed: REQUIREMENTS.length, notClaimed: 0 });
      expectTheColumn(probe, report);
    });

    testWith(...probe.needs)(`the SDK probe ${probe.name} survives a host that does what no host should`, { timeout }, async () => {
      expect(await withTarget(probe.folder, (target) => attack(target))).toEqual([]);
    });
  }

  for (const sample of SAMPLES) {
    testWith(...sample.needs)(`passes the sample ${sample.name} in all it claims`, { timeout }, async () => {
      const report = await judge(sample.folder);

      expect(failuresOf(report)).toEqual([]);
      expect(declineOf(report)).toBeUndefined();
      expect(report.level).toBeGreaterThan(0);
      expectTheColumn(sample, report);
    });
  }
});

/** What sdk/README.md says of a plugin is what was found; `node --conditions=@outrigger/source test/conformance/table.ts --write` makes it so. */
function expectTheColumn({ folder }: Tested, report: Report): void {
  const title = COLUMNS.find(([, tested]) => tested.folder === folder)?.[0];
  if (title !== undefined) expect(columnsIn(README).get(title), `column ${title} in sdk/README.md`).toEqual(cellsOf(report));
}
