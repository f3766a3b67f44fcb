import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { HostError } from '../../../../host/protocol/errors.ts';
import { attackFolder, findInterpreter, listAttacks } from '../../../../host/sandbox/attacks/attack-programs.ts';

test('attackFolder() is where both programs are', () => {
  expect(['attacks.py', 'attacks.mjs'].filter((name) => !existsSync(join(attackFolder(), name)))).toEqual([]);
});

test('findInterpreter() takes the Node that runs the host for JavaScript', () => {
  expect(findInterpreter('javascript')?.command).toBe(process.execPath);
});

test('listAttacks() puts the bombs at the end', () => {
  const interpreter = { command: process.execPath, args: [], program: 'attacks.mjs' };
  const bombs = listAttacks('javascript', interpreter).map(({ bomb }) => bomb === true);

  expect(bombs).toContain(true);
  expect(bombs.slice(bombs.indexOf(true))).not.toContain(false);
});

test('listAttacks() says why a program cannot be listed', () => {
  const interpreter = { command: process.execPath, args: [], program: 'nothing.mjs' };

  expect(() => listAttacks('javascript', interpreter)).toThrow(HostError);
  expect(() => listAttacks('javascript', interpreter)).toThrow(/Cannot list the attacks of "nothing.mjs"/);
});
