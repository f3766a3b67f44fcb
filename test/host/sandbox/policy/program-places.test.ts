import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ProgramQuestion, programPlaces } from '../../../../host/sandbox/policy/program-places.ts';
import { folderWith } from '../../../support/confined.ts';

const placesOf = (path: string, more: Partial<ProgramQuestion> = {}) =>
  programPlaces({ path, home: undefined, projects: [], plugins: [], forbidden: () => [], ...more });

test('programPlaces() keeps the absolute folders of the PATH, each once', () => {
  expect(placesOf(`/usr/bin::.:bin:/opt/x/bin/:/opt/x/bin:/usr/bin`).path).toEqual(['/usr/bin', '/opt/x/bin']);
  expect(programPlaces({ path: undefined, home: undefined, projects: [], plugins: [], forbidden: () => [] }).path).toEqual([]);
});

test('programPlaces() drops what the kernel shows, whatever it is called', () => {
  const root = folderWith();
  symlinkSync('/proc/self/cwd', join(root, 'here'));

  expect(placesOf(`/proc/self/cwd/bin:/proc/1/root/usr/bin:/dev/fd:${root}/here`).path).toEqual([]);
});

test('programPlaces() drops folders of the project and of plugins, by name, by a link on the way, and by where they lead', () => {
  const root = folderWith({ 'project/bin/x': '', 'plugin/bin/x': '', 'own/bin/x': '' });
  symlinkSync(join(root, 'project/bin'), join(root, 'to-project'));
  symlinkSync(join(root, 'own/bin'), join(root, 'plugin/to-own'));
  symlinkSync(join(root, 'plugin/to-own'), join(root, 'twice'));
  const names = ['project/bin', 'plugin/bin', 'own/bin', 'to-project', 'plugin/to-own', 'twice'];
  const places = placesOf(names.map((name) => join(root, name)).join(':'), {
    projects: [join(root, 'project')],
    plugins: [join(root, 'plugin')],
  });

  expect(places.path).toEqual([join(root, 'own/bin')]);
  expect(places.isForeign(join(root, 'twice/x'))).toBe(true);
  expect(places.isForeign(join(root, 'own/bin/x'))).toBe(false);
  expect(places.whyNot(join(root, 'project/bin/x'))).toBe('it lies in the project, in a plugin or where a plugin may write');
});

test('programPlaces() takes programs of the operator’s home when the host works there', () => {
  const home = folderWith({ 'bin/x': '', 'project/bin/x': '' });
  const path = [join(home, 'bin'), join(home, 'project/bin')].join(':');

  expect(placesOf(path, { home, projects: [home] }).path).toEqual([join(home, 'bin'), join(home, 'project/bin')]);
  expect(placesOf(path, { home, projects: [join(home, 'project')] }).path).toEqual([join(home, 'bin')]);
});

test('programPlaces() asks for what is never granted when it is needed, once', () => {
  const root = folderWith();
  mkdirSync(join(root, 'keys'));
  let asked = 0;
  const forbidden = () => {
    asked += 1;
    return [{ path: join(root, 'keys'), what: 'keys' }];
  };
  const places = placesOf('/usr/bin', { forbidden });

  expect(asked).toBe(0);
  expect(places.whyNot(join(root, 'keys/bin/x'))).toBe('never granted: keys');
  expect(places.whyNot(join(root, 'other'))).toBeUndefined();
  expect(asked).toBe(1);
});
