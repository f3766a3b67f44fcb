import { afterEach, expect, test } from 'vitest';
import { hardNeeds, whySoft, withHardLimits } from '../../../host/registry/hard-limits.ts';
import { bubblewrap } from '../../../host/sandbox/drivers/bubblewrap.ts';
import { findLimiter } from '../../../host/sandbox/limits/limiter.ts';
import type { Guarantee } from '../../../host/sandbox/types.ts';
import { folderWith, policyOf, specOf } from '../../support/confined.ts';
import { testWhere, testWith } from '../../support/needs.ts';

const testBwrap = testWith('bwrap', 'bubblewrap');
const policy = { limits: { memoryMb: 64, cpu: 2, pids: 16, openFiles: 64, tmpMb: 1, storageMb: 1 } };
const ALL: readonly Guarantee[] = ['fs', 'net', 'signals', 'fork', 'memory', 'pids', 'cpu'];

function chosen(enforces: readonly Guarantee[]) {
  return { driver: bubblewrap, version: '1', enforces: new Set(enforces) };
}

afterEach(() => {
  delete process.env['OUTRIGGER_LIMITER'];
});

test('hardNeeds() asks for the processors only when the plugin may not have all of them', () => {
  expect(hardNeeds(policy, 4)).toEqual(['memory', 'pids', 'cpu']);
  expect(hardNeeds(policy, 2)).toEqual(['memory', 'pids']);
});

test('whySoft() names what the driver leaves to nobody, whatever the machine could do', async () => {
  expect(await whySoft(chosen(['fs', 'net', 'memory']), ['memory', 'pids'])).toMatch(/^the driver bubblewrap does not hold pids; /);
});

test('whySoft() names what is only watched here, and how the kernel can limit it', async () => {
  process.env['OUTRIGGER_LIMITER'] = 'watchdog';

  expect(await whySoft(chosen(ALL), ['memory', 'pids'])).toMatch(/^watchdog does not limit memory, pids: .+; .+/);
  expect(await whySoft(chosen(ALL), [])).toBeUndefined();
});

testWhere(findLimiter('cgroup1').hard.has('memory'), 'no cgroup v1')(
  'whySoft() is content where the kernel limits everything',
  async () => {
    process.env['OUTRIGGER_LIMITER'] = 'cgroup1';

    expect(await whySoft(chosen(ALL), [...findLimiter('cgroup1').hard])).toBeUndefined();
  },
);

testBwrap('withHardLimits() says in the enclosure what must not come out soft', () => {
  const directory = folderWith();
  const enclosure = withHardLimits(bubblewrap, ['memory', 'pids']).confine(specOf(directory, ['/bin/true']), policyOf(directory));

  expect(enclosure).toMatchObject({ driver: 'bubblewrap', mustLimit: ['memory', 'pids'] });
});
