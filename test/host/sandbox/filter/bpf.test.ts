import { expect, test } from 'vitest';
import { assemble } from '../../../../host/sandbox/filter/bpf.ts';

test('assemble() writes one instruction of eight bytes after the other, a comparison skips its body', () => {
  const program = assemble([{ load: 4 }, { when: 'equal', value: 7, body: [{ and: 1 }, { verdict: 2 }] }, { verdict: 3 }]);

  expect(program.toString('hex').match(/.{16}/g)).toEqual([
    '2000000004000000',
    '1500000207000000',
    '5400000001000000',
    '0600000002000000',
    '0600000003000000',
  ]);
});

test('assemble() skips the other way round for what must differ', () => {
  expect(assemble([{ when: 'differs', value: 7, body: [{ verdict: 2 }] }]).toString('hex')).toBe('15000100070000000600000002000000');
});

test('assemble() throws for what BPF cannot hold', () => {
  const body = Array.from({ length: 256 }, () => ({ verdict: 0 }));

  expect(() => assemble([{ when: 'equal', value: 1, body }])).toThrow('at most 255');
  expect(() => assemble(Array.from({ length: 4097 }, () => ({ verdict: 0 })))).toThrow('at most 4096');
});
