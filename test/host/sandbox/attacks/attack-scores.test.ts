import { expect, test } from 'vitest';
import type { GroundFacts } from '../../../../host/sandbox/attacks/attack-host.ts';
import { failuresOf, knownGap } from '../../../../host/sandbox/attacks/attack-scores.ts';
import type { AttackResult } from '../../../../host/sandbox/attacks/attack-verdict.ts';

const GROUND: GroundFacts = {
  driver: 'bubblewrap',
  version: '0.12.0',
  grade: 'os',
  enforces: ['fs', 'net', 'signals'],
  limits: 'hard',
  limiter: 'cgroup v1',
  isRoot: false,
  layers: [],
};

function result(id: string, verdict: AttackResult['verdict'] = 'ALLOWED'): AttackResult {
  return { id, language: 'python', category: 'files', layer: 'mounts', about: 'Reads', verdict, detail: 'it worked' };
}

test('failuresOf() passes a run in which only the known gets through', () => {
  expect(failuresOf(GROUND, [result('fs.read-outside', 'DENIED'), result('env.mount-paths'), result('js.ffi', 'SKIPPED')])).toEqual([]);
});

test('failuresOf() names a layer that was promised and is not engaged', () => {
  const layers = [
    { name: 'seccomp', engaged: false, promised: true },
    { name: 'cgroup', engaged: false, promised: false },
  ];

  expect(failuresOf({ ...GROUND, layers }, [])).toEqual(['the layer "seccomp" was promised and is not engaged']);
});

test('failuresOf() names a sentinel that the driver promised to deny', () => {
  expect(failuresOf(GROUND, [result('fs.read-private-key')])).toEqual(['fs.read-private-key (python) must be denied: it worked']);
  expect(failuresOf({ ...GROUND, enforces: [] }, [result('fd.inherited')])[0]).toMatch(/fd.inherited \(python\) must be denied/);
});

test('failuresOf() names what the driver is not known for, and silence', () => {
  expect(failuresOf(GROUND, [result('kern.bpf')])[0]).toMatch(/kern.bpf \(python\) got through, which bubblewrap is not known for/);
  expect(failuresOf(GROUND, [result('kern.bpf', 'NO ANSWER')])[0]).toMatch(/kern.bpf \(python\) gave no answer/);
});

test('failuresOf() asks nothing of a run without a sandbox but answers', () => {
  const none = { ...GROUND, driver: 'none' as const };

  expect(failuresOf(none, [result('fs.read-private-key')])).toEqual([]);
  expect(failuresOf(none, [result('fs.read-private-key', 'NO ANSWER')])).toHaveLength(1);
});

test('knownGap() excuses memory only where the kernel does not limit it', () => {
  expect(knownGap(result('res.memory-memfd'), GROUND)).toBeUndefined();
  expect(knownGap(result('res.memory-memfd'), { ...GROUND, limits: 'soft' })?.means).toMatch(/memory is watched/);
});
