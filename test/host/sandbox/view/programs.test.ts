import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { programPlaces } from '../../../../host/sandbox/policy/program-places.ts';
import { pathInside, programInside, shownPrograms } from '../../../../host/sandbox/view/programs.ts';
import { folderWith, policyOf, specOf } from '../../../support/confined.ts';
import { testWith } from '../../../support/needs.ts';

/** The program as a plugin in `directory` gets it, on a host with this PATH; `env` is what the plugin's manifest says. */
function inside(directory: string, command: string, path = '/usr/bin:/bin', { env = {}, ...more }: Parameters<typeof policyOf>[1] = {}) {
  const forbidden = () => [{ path: '/never', what: 'keys' }];
  const programs = programPlaces({ path, home: undefined, projects: [], plugins: [directory], forbidden });
  return programInside(specOf(directory, [command], env), policyOf(directory, { programs, ...more }));
}

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

  expect(() => inside(directory, join(other, 'bin/tool'))).toThrow('is neither on the PATH of the host');
  expect(() => inside(directory, join(directory, 'tool'))).toThrow('is neither on the PATH of the host');
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

test('programInside() looks nothing up in the PATH of a manifest', () => {
  const tools = folderWith({ 'bin/java': '#!/bin/sh\n', 'lib/private': '' });
  const directory = folderWith({ run: '#!/usr/bin/env java\n' });
  const env = { PATH: join(tools, 'bin') };

  expect(inside(directory, join(directory, 'run'), '/usr/sbin', { env })).toEqual({ command: '/plugin/run', mounts: [], folders: [] });
  expect(() => inside(directory, join(tools, 'bin/java'), '/usr/sbin', { env })).toThrow('is neither on the PATH of the host');
});

test.each(['-S -u java /usr/bin/python3', '-u java', '-S', '-i java', 'X=1 java', '-S X=1 java', '/usr/../tmp/java'])(
  'programInside() shows nothing for a script that starts with env %s',
  (words) => {
    const tools = folderWith({ 'bin/java': '#!/bin/sh\n' });
    const directory = folderWith({ run: `#!/usr/bin/env ${words}\n` });

    expect(inside(directory, join(directory, 'run'), join(tools, 'bin')).mounts).toEqual([]);
  },
);

test('programInside() shows an interpreter by the path a script names, and none by a path that steps back', () => {
  const tools = folderWith({ 'bin/tool': '#!/bin/sh\n' });
  const mountsOf = (path: string) => {
    const directory = folderWith({ run: `#!${path} --fast\n` });
    return inside(directory, join(directory, 'run'), join(tools, 'bin')).mounts.map(({ target }) => target);
  };

  expect(mountsOf(join(tools, 'bin/tool'))).toEqual([join(tools, 'bin/tool')]);
  expect(mountsOf(`${tools}/x/../bin/tool`)).toEqual([]);
  expect(mountsOf(`${tools}/bin//tool`)).toEqual([]);
});

test('programInside() shows an interpreter that a script names after env -S', () => {
  const tools = folderWith({ 'bin/tool': '#!/bin/sh\n' });
  const directory = folderWith({ run: '#!/usr/bin/env -S tool --fast\n' });

  expect(inside(directory, join(directory, 'run'), join(tools, 'bin')).folders).toEqual([join(tools, 'bin')]);
});

test('programInside() shows no library that is a link', () => {
  const tools = folderWith({ 'bin/java': '#!/bin/sh\n' });
  for (const name of ['lib', 'lib64', 'conf']) symlinkSync('/', join(tools, name));
  const java = join(tools, 'bin/java');

  expect(inside(folderWith(), java, dirname(java)).mounts).toEqual([{ source: java, target: java }]);
});

test('programInside() shows no program and no library of a place that is never shown', () => {
  const tools = folderWith({ 'bin/java': '#!/bin/sh\n', 'lib/x': '', 'conf/x': '' });
  const java = join(tools, 'bin/java');
  const directory = folderWith();
  const shown = (never: string) => {
    const forbidden = () => [{ path: never, what: 'keys' }];
    const programs = programPlaces({ path: dirname(java), home: undefined, projects: [], plugins: [], forbidden });
    return programInside(specOf(directory, [java]), policyOf(directory, { programs })).mounts.map(({ source }) => source);
  };

  expect(shown(join(tools, 'lib/x'))).toEqual([java, join(tools, 'conf')]);
  expect(() => shown(tools)).toThrow('is not shown to plugins: never granted: keys');
});

test('programInside() takes no file for a pyenv shim that is not on the PATH of the host', () => {
  const directory = folderWith({ 'shims/run': '#!/bin/sh\n', 'versions/1/bin/run': '#!/bin/sh\n', version: '1\n' });

  expect(inside(directory, join(directory, 'shims/run')).command).toBe('/plugin/shims/run');
});

testWith('mkfifo', 'coreutils')('programInside() does not wait for a pipe, and reads no device', () => {
  const directory = folderWith();
  const root = folderWith({ 'shims/run': '#!/bin/sh\n' });
  execFileSync('mkfifo', [join(directory, 'run')]);
  symlinkSync('/dev/zero', join(root, 'version'));

  expect(inside(directory, join(directory, 'run')).mounts).toEqual([]);
  expect(inside(directory, join(root, 'shims/run'), join(root, 'shims')).command).toBe(join(root, 'shims/run'));
});

test('programInside() leaves a command that was not found to the sandbox', () => {
  expect(inside(folderWith(), './run')).toEqual({ command: './run', mounts: [], folders: [] });
});

test('shownPrograms() names a program that may be shown, and no other file', () => {
  const directory = folderWith({ run: '#!/bin/sh\n' });
  const secret = join(folderWith(), 'key');
  writeFileSync(secret, 'secret', { mode: 0o600 });
  const shown = (command: string) => shownPrograms(specOf(directory, [command]), policyOf(directory));

  expect(shown('/bin/sh')).toEqual(['/bin/sh']);
  expect(shown(join(directory, 'run'))).toEqual([join(directory, 'run')]);
  expect(shown(secret)).toEqual([]);
});
