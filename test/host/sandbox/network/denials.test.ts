import { expect, test } from 'vitest';
import { Denials, MAX_DENIALS_PER_SECOND } from '../../../../host/sandbox/network/denials.ts';
import type { NetDenial } from '../../../../host/sandbox/types.ts';
import { waitUntil } from '../../../support/wait-until.ts';

function rig(): { denials: Denials; told: NetDenial[] } {
  const told: NetDenial[] = [];
  return { denials: new Denials((denial) => told.push(denial)), told };
}

test('add() makes texts short and printable', () => {
  const { denials, told } = rig();

  denials.add({ host: `\u001b[31mevil\u202e\nline${'x'.repeat(1000)}`, port: 443, reason: 'no\r\u2028rule' });

  expect(told).toEqual([{ host: expect.stringMatching(/^evil linex*…$/), port: 443, reason: 'no rule' }]);
  expect(told[0]?.host.length).toBeLessThan(270);
});

test('add() tells so many in a second, and the rest as a number', async () => {
  const { denials, told } = rig();

  for (let count = 0; count < 1000; count++) denials.add({ host: 'evil.example', reason: 'no rule' });

  expect(told).toHaveLength(MAX_DENIALS_PER_SECOND);
  await waitUntil(() => told.length > MAX_DENIALS_PER_SECOND, 'the number');
  expect(told.at(-1)?.reason).toContain('980');
  denials.add({ host: 'again.example', reason: 'no rule' });
  expect(told.at(-1)?.host).toBe('again.example');
});

test('flush() tells the number at once, and nothing when there is none', () => {
  const { denials, told } = rig();

  denials.flush();
  for (let count = 0; count <= MAX_DENIALS_PER_SECOND; count++) denials.add({ host: 'evil.example', reason: 'no rule' });
  denials.flush();
  denials.flush();

  expect(told).toHaveLength(MAX_DENIALS_PER_SECOND + 1);
  expect(told.at(-1)?.reason).toContain('1 more');
});
