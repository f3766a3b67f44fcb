import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hoistedPackages, ownPackages } from '../../../../host/sandbox/view/hoisted-packages.ts';
import { folderWith } from '../../../support/confined.ts';

const manifest = (name: string, ...dependencies: string[]): string =>
  JSON.stringify({ name, dependencies: Object.fromEntries(dependencies.map((each) => [each, '1'])) });

/** A place with a host that has an SDK, and a project with another one. */
function installed(): string {
  const root = folderWith({
    'app/host/x': '',
    'app/sdk/package.json': manifest('@outrigger/sdk', 'helper'),
    'app/node_modules/helper/package.json': manifest('helper', 'deep', 'missing'),
    'app/node_modules/deep/package.json': manifest('deep', 'helper'),
    'project/plugins/one/plugin.js': '',
    'project/node_modules/@outrigger/sdk/package.json': manifest('@outrigger/sdk', 'leftpad'),
    'project/node_modules/leftpad/package.json': manifest('leftpad'),
    'bare/plugin/x': '',
  });
  mkdirSync(join(root, 'app/node_modules/@outrigger'));
  symlinkSync('../../sdk', join(root, 'app/node_modules/@outrigger/sdk'));
  return root;
}

test('hoistedPackages() shows the SDK of the host with all that it needs, behind links too, and nothing of the project', () => {
  const root = installed();

  expect(hoistedPackages(join(root, 'project/plugins/one'), join(root, 'app/host'))).toEqual([
    { source: join(root, 'app/sdk'), target: '/node_modules/@outrigger/sdk' },
    { source: join(root, 'app/node_modules/helper'), target: '/node_modules/helper' },
    { source: join(root, 'app/node_modules/deep'), target: '/node_modules/deep' },
  ]);
});

test('hoistedPackages() shows the SDK to a plugin that is reached through a link, as Node would find it', () => {
  const root = installed();
  symlinkSync('../project/plugins/one', join(root, 'bare/link'));

  expect(hoistedPackages(join(root, 'bare/link'), join(root, 'app/host'))).toHaveLength(3);
});

test('hoistedPackages() shows nothing where the plugin finds no SDK above, or the host has none', () => {
  const root = installed();

  expect(hoistedPackages(join(root, 'bare/plugin'), join(root, 'app/host'))).toEqual([]);
  expect(hoistedPackages(join(root, 'project/plugins/one'), join(root, 'bare'))).toEqual([]);
});

test('hoistedPackages() shows no folder that is, holds or lies in the plugin', () => {
  const root = installed();

  expect(hoistedPackages(join(root, 'app/sdk'), join(root, 'app/host')).map(({ target }) => target)).not.toContain(
    '/node_modules/@outrigger/sdk',
  );
});

test('ownPackages() takes no folder that is not the package: by another name, or by a path for a name', () => {
  const root = folderWith({
    'one/node_modules/@outrigger/sdk/package.json': manifest('something-else'),
    'two/node_modules/@outrigger/sdk/package.json': manifest('@outrigger/sdk', '../../../secret', '/etc'),
    'secret/package.json': manifest('../../../secret'),
  });

  expect(ownPackages(join(root, 'one'))).toEqual([]);
  expect(ownPackages(join(root, 'two')).map(({ target }) => target)).toEqual(['/node_modules/@outrigger/sdk']);
});

test('ownPackages() is bounded', () => {
  const names = Array.from({ length: 100 }, (_, index) => `p${index}`);
  const root = folderWith({
    'host/x': '',
    'node_modules/@outrigger/sdk/package.json': manifest('@outrigger/sdk', ...names),
    ...Object.fromEntries(names.map((name) => [`node_modules/${name}/package.json`, manifest(name)])),
  });

  expect(ownPackages(join(root, 'host'))).toHaveLength(64);
});
