import { expect, test } from 'vitest';
import { MAX_OPERATIONS, OperationState, Operations } from '../../../host/dispatcher/operations.ts';

test('Operations finds an operation again by its id until it ends', () => {
  const operations = new Operations();
  const first = operations.open('a');

  expect(operations.open('a')).toBe(first);
  operations.end('a');
  expect(operations.open('a')).not.toBe(first);
});

test('Operations forgets the one that was silent longest when there are too many', () => {
  const operations = new Operations();
  const oldest = operations.open('0');
  const second = operations.open('1');
  for (let id = 2; id < MAX_OPERATIONS; id++) operations.open(String(id));
  operations.open('0');

  operations.open('one too many');

  expect(operations.size).toBe(MAX_OPERATIONS);
  expect(operations.open('0')).toBe(oldest);
  expect(operations.open('1')).not.toBe(second);
});

test('OperationState.inOrder() hands over what must settle first', async () => {
  const operation = new OperationState('o');
  const order: string[] = [];
  let finishFirst = (): void => undefined;
  const first = operation.inOrder('p', async (earlier) => {
    order.push(`first after ${earlier === undefined ? 'nothing' : 'something'}`);
    await new Promise<void>((resolve) => {
      finishFirst = resolve;
    });
    order.push('first done');
  });
  const second = operation.inOrder('p', async (earlier) => {
    await earlier;
    order.push('second');
  });
  const other = operation.inOrder('q', async (earlier) => order.push(`other after ${earlier === undefined ? 'nothing' : 'something'}`));

  await other;
  finishFirst();
  await Promise.all([first, second]);

  expect(order).toEqual(['first after nothing', 'other after nothing', 'first done', 'second']);
});

test('OperationState.inOrder() lets nobody overtake when one gave up waiting', async () => {
  const operation = new OperationState('o');
  const order: string[] = [];
  let finishFirst = (): void => undefined;
  const first = operation.inOrder('p', async () => {
    await new Promise<void>((resolve) => {
      finishFirst = resolve;
    });
    order.push('first');
  });
  const impatient = operation.inOrder('p', async () => order.push('impatient'));
  const third = operation.inOrder('p', async (earlier) => {
    await earlier;
    order.push('third');
  });

  await impatient;
  finishFirst();
  await Promise.all([first, third]);

  expect(order).toEqual(['impatient', 'first', 'third']);
});

test('OperationState.inOrder() remembers nobody when all is done', async () => {
  const operation = new OperationState('o');
  await operation.inOrder('p', async () => 1);
  await new Promise(setImmediate);

  const earlier = await operation.inOrder('p', async (before) => before);

  expect(earlier).toBeUndefined();
});
