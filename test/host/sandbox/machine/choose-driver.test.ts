import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Candidate, chooseDriver, decide, orderOf } from '../../../../host/sandbox/machine/choose-driver.ts';
import type { Grade, Guarantee, SandboxDriver } from '../../../../host/sandbox/types.ts';
import { testWith } from '../../../support/needs.ts';

const NEEDS: ReadonlySet<Guarantee> = new Set(['fs', 'net', 'signals', 'fork']);

function driver(name: SandboxDriver['name'], grade: Grade = 'os'): SandboxDriver {
  const never = (): never => {
    throw new Error('decide() only looks at results');
  };
  return { name, grade, probe: never, confine: never };
}

function working(name: SandboxDriver['name'], enforces: readonly Guarantee[], grade?: Grade): Candidate {
  return { driver: driver(name, grade), probe: { ok: true, version: '1.0', enforces: new Set(enforces), notes: [] } };
}

function missing(name: SandboxDriver['name'], why: string, fix: string): Candidate {
  return { driver: driver(name), probe: { ok: false, why, fix } };
}

test.each([
  [undefined, 'linux', ['bubblewrap', 'gvisor']],
  [{ driver: 'auto', image: 'node:24' }, 'linux', ['bubblewrap', 'gvisor', 'container']],
  [undefined, 'darwin', ['seatbelt']],
  [{ driver: 'gvisor', image: 'node:24' }, 'linux', ['gvisor']],
  [{ driver: 'landlock' }, 'linux', ['landlock']],
] as const)('orderOf(%j) on %s is %j: landlock only by its name', (settings, platform, order) => {
  expect(orderOf(settings, platform)).toEqual(order);
});

test('decide() takes the first candidate that works and covers the needs', () => {
  const tried = [missing('bubblewrap', 'a', 'b'), working('gvisor', ['fs', 'net', 'signals']), working('container', [...NEEDS])];
  expect(decide(tried, NEEDS)).toMatchObject({ driver: { name: 'container' }, version: '1.0' });
});

test('decide() refuses with every reason and the fix of the strongest when none fits', () => {
  const tried = [missing('bubblewrap', 'there is no bwrap', 'apt-get install bubblewrap'), working('gvisor', ['fs', 'net', 'signals'])];
  expect(decide(tried, NEEDS)).toEqual({
    driver: undefined,
    why: 'there is no bwrap; gvisor does not hold fork',
    fix: 'apt-get install bubblewrap',
  });
});

test.each<[Guarantee[], boolean]>([
  [['fs', 'net', 'fork'], true],
  [['fs', 'net', 'signals'], false],
  [['fs', 'fork', 'signals'], false],
  [['net', 'fork', 'signals'], false],
])('decide() on a partial driver that holds %j: usable is %s', (enforces, usable) => {
  const choice = decide([working('landlock', enforces, 'partial')], NEEDS);
  expect(choice.driver !== undefined).toBe(usable);
});

test('decide() lets no partial driver stand in for an allow-list', () => {
  const choice = decide([working('landlock', [...NEEDS], 'partial')], new Set([...NEEDS, 'netAllow'] as const));
  expect(choice).toMatchObject({ driver: undefined, why: 'landlock does not hold netAllow' });
});

test.each([
  [{ driver: 'landlock' }, 'allowPartial'],
  [{ driver: 'container' }, 'sandbox.image'],
] as const)('chooseDriver() with %j refuses and names the setting', async (settings, word) => {
  const choice = await chooseDriver(NEEDS, { settings, cacheDir: undefined });
  expect(choice.driver).toBeUndefined();
  expect(choice).toMatchObject({ why: expect.stringContaining(word), fix: expect.stringContaining(word) });
});

test('chooseDriver() never takes another driver than the one that is named', async () => {
  const named = process.platform === 'darwin' ? 'bubblewrap' : 'seatbelt';
  const choice = await chooseDriver(NEEDS, { settings: { driver: named }, cacheDir: undefined });
  expect(choice).toMatchObject({ driver: undefined, fix: expect.stringMatching(/./) });
});

testWith('bwrap', 'bubblewrap')('chooseDriver() takes bubblewrap here, for an allow-list too, and keeps what it found', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-choose-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const cacheDir = join(folder, 'cache');
  const choice = await chooseDriver(new Set([...NEEDS, 'netAllow'] as const), { settings: undefined, cacheDir });
  expect(choice).toMatchObject({ driver: { name: 'bubblewrap' } });
  expect(existsSync(join(cacheDir, 'sandbox-probe.json'))).toBe(true);
  expect(Object.keys(JSON.parse(readFileSync(join(cacheDir, 'sandbox-probe.json'), 'utf8')))).toEqual(['bubblewrap']);
});
