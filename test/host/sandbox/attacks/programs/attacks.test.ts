import { expect, test } from 'vitest';
import { type Attack, findInterpreter, type Language, listAttacks } from '../../../../../host/sandbox/attacks/attack-programs.ts';
import { testWith } from '../../../../support/needs.ts';

function listed(language: Language): Attack[] {
  const interpreter = findInterpreter(language);
  if (interpreter === undefined) throw new Error(`No interpreter for ${language}`);
  return listAttacks(language, interpreter);
}

function expectSound(attacks: readonly Attack[]): void {
  const ids = attacks.map(({ id }) => id);

  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.filter((id) => !/^[a-z]+\.[a-z0-9-]+$/.test(id))).toEqual([]);
  expect(attacks.filter(({ about, category, layer }) => !about || !category || !layer)).toEqual([]);
}

testWith('python3', 'python3')('list prints at least 90 attacks in Python, each with an id of its own and what it is about', () => {
  const attacks = listed('python');

  expect(attacks.length).toBeGreaterThanOrEqual(90);
  expectSound(attacks);
});

test('list prints at least 70 attacks in JavaScript, each with an id of its own and what it is about', () => {
  const attacks = listed('javascript');

  expect(attacks.length).toBeGreaterThanOrEqual(70);
  expectSound(attacks);
});

testWith('python3', 'python3')('both languages attack every category that they can reach', () => {
  const categories = ['files', 'environment', 'processes', 'descriptors', 'terminals', 'sockets', 'ipc', 'resources', 'persistence'];

  for (const language of ['python', 'javascript'] as const) {
    expect(listed(language).map(({ category }) => category)).toEqual(expect.arrayContaining(categories));
  }
  expect(listed('python').map(({ category }) => category)).toEqual(expect.arrayContaining(['kernel', 'mounts', 'namespaces']));
  expect(listed('javascript').map(({ category }) => category)).toContain('runtime');
});

testWith('python3', 'python3')('list names everything that takes memory, processors or disk in earnest as a bomb', () => {
  const bombs = new Set([...listed('python'), ...listed('javascript')].filter(({ bomb }) => bomb).map(({ id }) => id));

  expect([...bombs]).toEqual(
    expect.arrayContaining(['res.memory', 'res.fork-bomb', 'res.disk-files', 'res.cpu', 'res.threads', 'res.shm']),
  );
});
