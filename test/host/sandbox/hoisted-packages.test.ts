import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hoistedPackages } from '../../../host/sandbox/hoisted-packages.ts';
import { folderWith } from '../../support/confined.ts';

const manifest = (name: string, ...dependencies: string[]): string =>
  JSON.stringify({ name, dependencies: Object.fromEntries(dependencies.map((each) => [each, '1'])) });

test('hoistedPackages() finds the SDK above the plugin with all that it needs, behind links too', () => {
  const root = folderWith({
    'plugins/one/plugin.js': '',
    'sdk/package.json': manifest('@outrigger/sdk', 'helper'),
    'node_modules/helper/package.json': manifest('helper', 'deep', 'missing'),
    'node_modules/deep/package.json': manifest('deep', 'helper'),
  });
  mkdirSync(join(root, 'node_modules/@outrigger'));
  symlinkSync('../../sdk', join(root, 'node_modules/@outrigger/sdk'));

  expect(hoistedPackages(join(root, 'plugins/one'))).toEqual([
    { source: join(root, 'sdk'), target: '/node_modules/@outrigger/sdk' },
    { source: join(root, 'node_modules/helper'), target: '/node_modules/helper' },
    { source: join(root, 'node_modules/deep'), target: '/node_modules/deep' },
  ]);
});

test('hoistedPackages() shows no folder that is not the package: by another name, by a path for a name, inside the plugin', () => {
  const root = folderWith({
    'one/plugin/node_modules/@outrigger/sdk/package.json': manifest('@outrigger/sdk'),
    'one/node_modules/@outrigger/sdk/package.json': manifest('something-else'),
    'two/plugin/x': '',
    'two/node_modules/@outrigger/sdk/package.json': manifest('@outrigger/sdk', '../../../secret', '/etc'),
    'secret/package.json': manifest('../../../secret'),
  });

  expect(hoistedPackages(join(root, 'one/plugin'))).toEqual([]);
  expect(hoistedPackages(join(root, 'two/plugin')).map(({ target }) => target)).toEqual(['/node_modules/@outrigger/sdk']);
});

test('hoistedPackages() is bounded', () => {
  const names = Array.from({ length: 100 }, (_, index) => `p${index}`);
  const root = folderWith({
    'plugin/x': '',
    'node_modules/@outrigger/sdk/package.json': manifest('@outrigger/sdk', ...names),
    ...Object.fromEntries(names.map((name) => [`node_modules/${name}/package.json`, manifest(name)])),
  });

  expect(hoistedPackages(join(root, 'plugin'))).toHaveLength(64);
});
