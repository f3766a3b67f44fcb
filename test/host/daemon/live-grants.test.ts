import type { Permissions } from '@outrigger/schemas';
import { expect, test } from 'vitest';
import { LiveGrants } from '../../../host/daemon/live-grants.ts';

function grantsWith(registered: Permissions) {
  const process = { starts: 1 };
  return { process, grants: new LiveGrants({ registered: () => registered, starts: () => process.starts }) };
}

test('LiveGrants adds what was granted since the host started', () => {
  const { grants } = grantsWith({ services: ['storage'] });

  grants.add('p', { services: ['net/fetch'], net: ['a.test'] });
  grants.add('p', { ipc: true });

  expect(grants.of('p')).toEqual({ services: ['storage', 'net/fetch'], net: ['a.test'], ipc: true });
  expect(grants.of('q')).toEqual({ services: ['storage'] });
});

test.each<[Permissions, 'now' | 'restart']>([
  [{ services: ['storage'] }, 'now'],
  [{ secrets: ['TOKEN'] }, 'now'],
  [{ sensitive: ['personal'] }, 'now'],
  [{ services: ['net/fetch'], net: ['a.test'] }, 'now'],
  [{ net: ['a.test'] }, 'restart'],
  [{ fs: { read: ['/data'] } }, 'restart'],
  [{ env: ['LANG'], services: ['storage'] }, 'restart'],
  [{ run: ['git'] }, 'restart'],
  [{ ipc: true }, 'restart'],
  [{ native: true }, 'restart'],
])('LiveGrants says of %j that it takes effect: %s', (permissions, effective) => {
  const { grants, process } = grantsWith({});
  grants.add('p', permissions);

  expect(grants.effective('p', permissions)).toBe(effective);
  process.starts += 1;
  expect(grants.effective('p', permissions)).toBe('now');
});
