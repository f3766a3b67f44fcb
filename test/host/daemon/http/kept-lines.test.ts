import { expect, test } from 'vitest';
import { KeptLines } from '../../../../host/daemon/http/kept-lines.ts';

test('KeptLines keeps the latest and no more', () => {
  const lines = new KeptLines<number>(3);
  for (let line = 1; line <= 100; line++) lines.add(line);
  expect(lines.latest()).toEqual([98, 99, 100]);
});

test('KeptLines tells every listener until it has had enough', () => {
  const lines = new KeptLines<number>(3);
  const heard: number[] = [];
  const stop = lines.listen((line) => heard.push(line));
  lines.add(1);
  stop();
  lines.add(2);
  expect(heard).toEqual([1]);
});
