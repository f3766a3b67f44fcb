import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { isProgram, resolveCommand } from '../../../host/process/resolve-command.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'outrigger-resolve-')));
mkdirSync(join(folder, 'bin'));
writeFileSync(join(folder, 'bin', 'tool'), '#!/bin/sh\n');
chmodSync(join(folder, 'bin', 'tool'), 0o755);
writeFileSync(join(folder, 'bin', 'plain'), 'no program');
symlinkSync('/bin/sh', join(folder, 'linked'));
afterAll(() => rmSync(folder, { recursive: true }));

const bin = join(folder, 'bin');

test('resolveCommand() takes "node" for the Node that runs the host', () => {
  expect(resolveCommand('node', folder, '')).toEqual({ file: process.execPath });
});

test.for([
  ['./bin/tool', 'bin/tool'],
  ['bin/tool', 'bin/tool'],
  ['./bin/../bin/plain', 'bin/plain'],
  ['./linked', 'linked'],
] as const)('resolveCommand() finds "%s" inside the folder', ([command, file]) => {
  expect(resolveCommand(command, folder, '')).toEqual({ file: join(folder, file) });
});

test('resolveCommand() takes an absolute path as it is', () => {
  expect(resolveCommand(join(bin, 'tool'), '/', '')).toEqual({ file: join(bin, 'tool') });
});

test('resolveCommand() searches PATH for programs only, in order, and never in relative entries', () => {
  expect(resolveCommand('tool', '/', `/nowhere:${bin}:/bin`)).toEqual({ file: join(bin, 'tool') });
  expect(resolveCommand('plain', '/', bin)).toEqual({ problem: expect.stringContaining(`PATH is "${bin}"`) });
  expect(resolveCommand('package.json', process.cwd(), ':.')).toHaveProperty('problem');
});

test.for([
  ['', 'is empty'],
  ['../bin/tool', 'leads out of'],
  ['./../../bin/sh', 'leads out of'],
  ['./missing', 'does not exist'],
  ['/no/such/program', 'does not exist'],
  ['./bin', 'is no file'],
  ['missing', 'was not found'],
] as const)('resolveCommand() says what is wrong with "%s"', ([command, cause]) => {
  expect(resolveCommand(command, folder, bin)).toEqual({ problem: expect.stringContaining(cause) });
});

test('isProgram() is true of executable files alone', () => {
  expect([join(bin, 'tool'), join(bin, 'plain'), bin, '/no/such'].map(isProgram)).toEqual([true, false, false, false]);
});
