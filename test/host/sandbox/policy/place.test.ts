import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { has, placeAt, placeOf, placesIn } from '../../../../host/sandbox/policy/place.ts';

let root = '';
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'outrigger-place-')));
  mkdirSync(join(root, 'real/keys'), { recursive: true });
  symlinkSync(join(root, 'real'), join(root, 'home'));
  symlinkSync(join(root, 'elsewhere'), join(root, 'real/linked'));
  mkdirSync(join(root, 'elsewhere'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test('placesIn() gives each place by name and by where it really is, also when it does not exist', () => {
  const paths = placesIn({ secrets: ['keys', 'linked', 'missing'] }, [join(root, 'home')]).map(({ path }) => path.slice(root.length));

  expect(paths).toEqual(['/home/keys', '/real/keys', '/home/linked', '/elsewhere', '/home/missing', '/real/missing']);
});

test('placeAt() gives one place once when it is no link', () => {
  expect(placeAt(join(root, 'real'), 'x')).toEqual([{ path: join(root, 'real'), what: 'x' }]);
  expect(placeAt(join(root, 'home'), 'x')).toHaveLength(2);
});

test('placeOf() prefers the place around a path to one that the path holds', () => {
  const places = [
    { path: '/a/b/c', what: 'inner' },
    { path: '/a', what: 'outer' },
  ];

  expect(placeOf('/a/b', places)).toEqual({ place: places[1], isHeld: false });
  expect(placeOf('/', places)).toMatchObject({ isHeld: true });
  expect(placeOf('/other', places)).toBeUndefined();
});

test('has() sees links that lead nowhere, and nothing in a file', () => {
  symlinkSync('nowhere', join(root, 'dangling'));

  expect(has(root, 'dangling')).toBe(true);
  expect(has(root, 'absent')).toBe(false);
  expect(has('/etc/passwd', 'absent')).toBe(false);
});
