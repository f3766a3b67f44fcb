import type { methods } from '@outrigger/schemas';
import { expect, test } from 'vitest';
import { everySchema, readJson } from './every-schema.ts';

const { methods: table, protocol } = readJson<typeof methods>('methods.json');
const messages = everySchema.filter(({ path }) => path.startsWith('protocol/')).map(({ name }) => name);
const namesOf = (method: (typeof table)[number]): string[] => ('result' in method ? [method.params, method.result] : [method.params]);

test('methods.json refers to schemas that exist', () => {
  for (const method of table) expect(messages, method.name).toEqual(expect.arrayContaining(namesOf(method)));
});

test('methods.json refers to every schema of a message', () => {
  expect([...new Set(table.flatMap(namesOf))].sort()).toEqual([...messages].sort());
});

test('methods.json gives a result to requests and to no notification', () => {
  for (const method of table) expect('result' in method, method.name).toBe(method.kind === 'request');
});

test('methods.json names each method once, with a sentence', () => {
  expect(new Set(table.map(({ name }) => name)).size).toBe(table.length);
  for (const { description } of table) expect(description).toMatch(/^[A-Z].*[.?]$/);
});

test('methods.json asks for a permission exactly where a plugin requests something, but for asking itself', () => {
  for (const method of table.filter(({ name }) => name !== 'permission/request')) {
    const asksHost = method.direction === 'plugin→host' && method.kind === 'request';
    expect('permission' in method, method.name).toBe(asksHost);
  }
});

test('methods.json says protocol 1, as manifests and answers to initialize do by default', () => {
  expect(protocol).toBe(1);
});
