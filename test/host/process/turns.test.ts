import { expect, test } from 'vitest';
import { SERVED_AT_ONCE, Turns } from '../../../host/process/turns.ts';

test('Turns lets requests of one kind wait for each other, in order, and no others', () => {
  const turns = new Turns();
  const started: string[] = [];
  const take = (id: string, method: string, mayStart = true): void => turns.take(id, method, { mayStart, start: () => started.push(id) });
  for (let id = 0; id < SERVED_AT_ONCE; id++) take(`s${id}`, id % 2 === 0 ? 'storage/get' : 'storage/list');
  started.length = 0;
  take('a', 'storage/list');
  take('b', 'storage/get');
  take('c', 'net/fetch');
  take('d', 'constructor');
  take('e', 'storage/set');
  expect(started).toEqual(['c', 'd', 'e']);

  turns.leave('s1');
  turns.next();
  expect(started).toEqual(['c', 'd', 'e', 'a']);
  expect([turns.giveUp('b'), turns.giveUp('b'), turns.giveUp('a')]).toEqual([true, false, false]);

  turns.clear();
  take('f', 'storage/get');
  turns.next();
  expect(started.slice(4)).toEqual(['f']);
});
