import { join } from 'node:path';
import { expect, test } from 'vitest';
import { insideView } from '../../../../host/sandbox/view/inside.ts';
import { folderWith, policyOf, specOf } from '../../../support/confined.ts';

test('insideView() rewrites the plugin’s own paths and no others', () => {
  const directory = folderWith({ 'main.js': '' });

  const { words } = insideView(specOf(directory, ['/bin/echo', join(directory, 'main.js'), '/etc/passwd', '--x']), policyOf(directory));

  expect(words).toEqual(['/bin/echo', '/plugin/main.js', '/etc/passwd', '--x']);
});

test('insideView() puts Node under its own permission model, unless native add-ons are granted', () => {
  const directory = folderWith();
  const spec = specOf(directory, [process.execPath, 'a.js']);
  const flags = (more: object): readonly string[] =>
    insideView(spec, policyOf(directory, more)).words.filter((word) => word.startsWith('--'));
  const isOld = Number.parseInt(process.versions.node, 10) < 24;

  expect(flags({ canFork: false })).toEqual(
    isOld ? [] : ['--permission', '--allow-fs-read=*', '--allow-fs-write=*', '--allow-worker', '--disable-warning=SecurityWarning'],
  );
  expect(flags({ canFork: true }).includes('--allow-child-process')).toBe(!isOld);
  expect(flags({ native: true })).toEqual([]);
});

test('insideView() keeps of PATH what is seen inside and sets the places of the sandbox', () => {
  const directory = folderWith();
  const env = {
    PATH: `/root/bin:/usr/sbin:${directory}/bin::.`,
    NODE_COMPILE_CACHE: '/root/cache',
    HOME: '/root',
    TMPDIR: '/root/tmp',
    X: 'x',
  };

  const plain = insideView(specOf(directory, ['/bin/true'], env), policyOf(directory)).env;
  const more = insideView(specOf(directory, ['/bin/true'], env), policyOf(directory, { cacheDir: '/c', dataDir: '/d' })).env;

  expect(plain).toEqual({
    X: 'x',
    LANG: 'C.UTF-8',
    HOME: '/home/plugin',
    TMPDIR: '/tmp',
    PATH: '/usr/sbin:/plugin/bin:/usr/local/bin:/usr/bin:/bin',
  });
  expect(more).toMatchObject({ NODE_COMPILE_CACHE: '/cache', OUTRIGGER_DATA: '/data' });
});

test('insideView() keeps what Python compiles in its cache, and says nothing where there is none', () => {
  const directory = folderWith();
  const spec = specOf(directory, ['/bin/true'], { PYTHONPYCACHEPREFIX: '/root/cache/python' });
  const folderIn = (more: object) => insideView(spec, policyOf(directory, more)).env['PYTHONPYCACHEPREFIX'];

  expect([folderIn({ cacheDir: '/c' }), folderIn({})]).toEqual(['/cache/python', undefined]);
});

test('insideView() tells a plugin with network of its proxy', () => {
  const directory = folderWith();
  const net = [{ host: 'example.org', port: 443, text: 'example.org' }];

  expect(insideView(specOf(directory, ['/bin/true']), policyOf(directory, { net })).env).toMatchObject({ NODE_USE_ENV_PROXY: '1' });
});
