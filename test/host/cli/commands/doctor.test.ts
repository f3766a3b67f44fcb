import { expect, test } from 'vitest';
import { nodeCheck } from '../../../../host/cli/commands/doctor.ts';

test.each([
  ['20.19.0', 'fail'],
  ['22.17.9', 'fail'],
  ['22.18.0', 'ok'],
  ['24.0.0', 'ok'],
])('nodeCheck() of %s: %s', (version, status) => {
  expect(nodeCheck(version).status).toBe(status);
});
