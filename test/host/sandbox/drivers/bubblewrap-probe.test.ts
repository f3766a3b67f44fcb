import { expect, test } from 'vitest';
import { bubblewrap } from '../../../../host/sandbox/drivers/bubblewrap.ts';
import { explain } from '../../../../host/sandbox/drivers/bubblewrap-errors.ts';
import { knownProblems, probeBubblewrap } from '../../../../host/sandbox/drivers/bubblewrap-probe.ts';
import { APPARMOR_FIX } from '../../../../host/sandbox/machine/machine-layers.ts';
import type { Enclosure } from '../../../../host/sandbox/types.ts';
import { testWith } from '../../../support/needs.ts';

const withBwrap = testWith('bwrap', 'bubblewrap');

withBwrap('probeBubblewrap() starts a real sandbox and says what it enforces', async () => {
  const probe = await bubblewrap.probe();

  expect(probe).toMatchObject({ ok: true, version: expect.stringMatching(/^\d+\.\d+/) });
  expect(probe.ok && [...probe.enforces].sort()).toEqual(['cpu', 'fork', 'fs', 'masks', 'memory', 'net', 'netAllow', 'pids', 'signals']);
});

/** The real enclosure with another list of arguments. */
const without = (enclosure: Enclosure, ...flags: string[]): Enclosure => {
  const [args, ...pipes] = enclosure.launch.pipes ?? [];
  const words = Buffer.from(args ?? [])
    .toString()
    .split('\0')
    .slice(0, -1);
  for (const flag of flags) words.splice(words.indexOf(flag), 2);
  return { ...enclosure, launch: { ...enclosure.launch, pipes: [Buffer.from([...words, ''].join('\0')), ...pipes] } };
};

withBwrap('probeBubblewrap() fails when a layer is missing', async () => {
  const noFilter = await probeBubblewrap((spec, policy) => without(bubblewrap.confine(spec, policy), '--seccomp'));
  const openFiles = await probeBubblewrap((spec, policy) =>
    bubblewrap.confine(spec, { ...policy, read: [{ source: '/tmp', target: '/tmp' }] }),
  );

  expect(noFilter).toMatchObject({ ok: false, why: 'the system call filter was not on in the sandbox' });
  expect(openFiles).toMatchObject({ ok: false, why: 'a file outside the sandbox could be seen in it' });
});

test('knownProblems() name the flaws of a version', () => {
  expect(knownProblems('0.8.0').join()).toContain('CVE-2026-87766');
  expect(knownProblems('0.11.2').join()).toContain('CVE-2026-41163');
  expect(knownProblems('0.12.0')).toEqual([]);
  expect(knownProblems('1.0')).toEqual([]);
});

test.for([
  ['bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted', 'AppArmor', APPARMOR_FIX],
  ['bwrap: No permissions to create new namespace, likely because the kernel does not allow it', 'not allowed here', 'sysctl'],
  ['bwrap: Creating new namespace failed: No space left on device', 'no more namespaces', 'max_user_namespaces'],
  ["bwrap: Can't mount proc on /newroot/proc: Operation not permitted", 'container', 'docker'],
  ['bwrap: Unknown option --disable-userns', 'too old', '0.8.0'],
  ['bwrap: something else', 'exited with code 1 ("bwrap: something else")', ''],
] as const)('explain() says for "%s" why, and the fix', ([stderr, why, fix]) => {
  const explained = explain({ code: 1 }, stderr);

  expect(explained.why).toContain(why);
  expect(explained.fix).toContain(fix);
});
