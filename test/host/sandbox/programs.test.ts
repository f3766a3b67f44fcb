import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pathInside, programInside } from '../../../host/sandbox/programs.ts';
import { folderWith, policyOf, specOf } from '../../support/confined.ts';

const inside = (directory: string, command: string, path = '/usr/bin:/bin', more = {}) =>
  programInside(specOf(directory, [command], { PATH: path }), policyOf(directory, more));

test('programInside() shows nothing more for a program of the system', () => {
  expect(inside(folderWith(), '/usr/bin/env')).toEqual({ command: '/usr/bin/env', mounts: [], folders: [] });
});

test('programInside() shows of the host’s Node the program alone', () => {
  const { command, mounts } = inside(folderWith(), process.execPath);

  expect(mounts).toEqual(command.startsWith('/usr/') ? [] : [{ source: command, target: command }]);
});

test('programInside() names a program of the plugin by its place in /plugin', () => {
  const directory = folderWith({ 'run.sh': '#!/bin/sh\n' });

  expect(inside(directory, join(directory, 'run.sh'))).toEqual({ command: '/plugin/run.sh', mounts: [], folders: [] });
  expect(pathInside(`${directory}x/run.sh`, specOf(directory, []), policyOf(directory))).toBe(`${directory}x/run.sh`);
});

test('programInside() shows an interpreter on PATH with its library, also for a script that asks for it by name', () => {
  const directory = folderWith({ 'script.py': '#!/usr/bin/env python3.99\n', 'x.py': '' });
  const prefix = folderWith({ 'bin/python3.99': '#!/bin/sh\n', 'lib/python3.99/os.py': '', 'share/private': '' });
  const python = join(prefix, 'bin/python3.99');
  const shown = [
    { source: python, target: python },
    { source: join(prefix, 'lib'), target: join(prefix, 'lib') },
  ];

  expect(inside(directory, python, join(prefix, 'bin'))).toEqual({ command: python, mounts: shown, folders: [] });
  expect(inside(directory, join(directory, 'script.py'), join(prefix, 'bin'))).toEqual({
    command: '/plugin/script.py',
    mounts: shown,
    folders: [join(prefix, 'bin')],
  });
});

test('programInside() takes the program behind a pyenv shim', () => {
  const root = folderWith({ version: '3.99.1\n', 'shims/python3': '#!/bin/sh\n', 'versions/3.99.1/bin/python3.99': '#!/bin/sh\n' });
  symlinkSync('python3.99', join(root, 'versions/3.99.1/bin/python3'));

  const { command } = inside(folderWith(), join(root, 'shims/python3'), join(root, 'shims'));

  expect(command).toBe(join(root, 'versions/3.99.1/bin/python3.99'));
});

test('programInside() refuses a program that nobody but the plugin chose, by its manifest or by a link', () => {
  const directory = folderWith();
  const other = folderWith({ 'bin/tool': '#!/bin/sh\n', 'lib/private': '' });
  symlinkSync(join(other, 'bin/tool'), join(directory, 'tool'));

  expect(() => inside(directory, join(other, 'bin/tool'))).toThrow('is neither on PATH nor in');
  expect(() => inside(directory, join(directory, 'tool'))).toThrow('is neither on PATH nor in');
  expect(inside(directory, join(other, 'bin/tool'), '/usr/bin', { read: [{ source: other, target: other }] }).mounts).toEqual([]);
});

test('programInside() shows nothing for a link to a file that is no program', () => {
  const directory = folderWith();
  const secret = join(folderWith(), 'id_rsa');
  writeFileSync(secret, 'secret', { mode: 0o600 });
  mkdirSync(join(directory, 'bin'));
  symlinkSync(secret, join(directory, 'bin/run'));

  expect(inside(directory, join(directory, 'bin/run')).mounts).toEqual([]);
});
