import { expect, test } from 'vitest';
import { BoundedQueue } from '../../../host/supervisor/bounded-queue.ts';

function items<T>(queue: BoundedQueue<T>): T[] {
  return queue.places().map((place) => place.item);
}

test('push() refuses an item over the bound in items or bytes', () => {
  const few = new BoundedQueue<string>(2, 1000);
  const small = new BoundedQueue<string>(1000, 10);

  expect(['a', 'b', 'c'].map((item) => few.push(item, 1)?.item)).toEqual(['a', 'b', undefined]);
  expect(['a', 'b', 'c'].map((item) => small.push(item, 5)?.item)).toEqual(['a', 'b', undefined]);
  expect([few.size, few.bytes, small.size, small.bytes]).toEqual([2, 2, 2, 10]);
});

test('remove() takes items from front, middle and end, once each', () => {
  const queue = new BoundedQueue<number>(10, 100);
  const places = [0, 1, 2, 3, 4].map((item) => queue.push(item, 1));

  const removed = [2, 0, 4, 2].map((index) => queue.remove(places[index] as NonNullable<(typeof places)[0]>));

  expect(removed).toEqual([true, true, true, false]);
  expect(items(queue)).toEqual([1, 3]);
  expect([queue.size, queue.bytes, queue.first()?.item]).toEqual([2, 2, 1]);
});

test('unshift() puts in front, whatever the bounds', () => {
  const queue = new BoundedQueue<string>(1, 1);
  queue.push('second', 1);

  queue.unshift('first', 1);

  expect(items(queue)).toEqual(['first', 'second']);
  expect(queue.push('third', 0)).toBeUndefined();
});

test('first() is undefined when everything was removed', () => {
  const queue = new BoundedQueue<string>(1, 1);
  const place = queue.push('only', 1);
  if (place !== undefined) queue.remove(place);

  expect([queue.first(), queue.size, queue.bytes, items(queue)]).toEqual([undefined, 0, 0, []]);
});
