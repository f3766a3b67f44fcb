import { mkdirSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_CAPS, DEFAULT_LIMITS } from '../../../../host/sandbox/policy/limits-of.ts';
import { limitsOf, makePolicy, needsOf, type PolicyInput } from '../../../../host/sandbox/policy/policy.ts';
import type { Policy } from '../../../../host/sandbox/types.ts';
import { type SandboxPlaces, sandboxPlaces } from '../../../support/sandbox-places.ts';

let made: SandboxPlaces;
beforeEach(() => {
  made = sandboxPlaces();
});
afterEach(() => made.remove());

function policyOf(granted: PolicyInput['granted'], more?: Partial<PolicyInput>): Policy {
  const result = makePolicy(made.input(granted, more));
  if ('refusals' in result) throw new Error(result.refusals.join('\n'));
  return result.policy;
}

function refusalsOf(granted: PolicyInput['granted'], more?: Partial<PolicyInput>): readonly string[] {
  const result = makePolicy(made.input(granted, more));
  return 'refusals' in result ? result.refusals : [];
}

const at = (path: string): string => join(made.root, path);
const here = (path: string): { source: string; target: string } => ({ source: at(path), target: at(path) });

describe('makePolicy()', () => {
  test('grants nothing where nothing is granted', () => {
    expect(policyOf({})).toEqual({
      plugin: 'sample',
      directory: made.directory,
      dataDir: undefined,
      cacheDir: undefined,
      read: [],
      write: [],
      programs: { path: [], isForeign: expect.any(Function), whyNot: expect.any(Function) },
      net: [],
      canFork: false,
      ipc: false,
      native: false,
      limits: DEFAULT_LIMITS,
    });
  });

  test('fills in the variables', () => {
    const config = made.folder('config');
    const { places } = made.input({});
    const policy = policyOf(
      { fs: { read: [`\${workspace}`, `\${config}/`], write: [`\${workspace}/out`] } },
      { places: { ...places, config } },
    );

    expect(policy.read).toEqual([here('work'), here('config')]);
    expect(policy.write).toEqual([here('work/out')]);
  });

  test(`takes \${data} for the plugin’s own folder, wherever in it and however it is asked for`, () => {
    for (const fs of [{ read: [`\${data}`] }, { write: [`\${data}/deep`] }]) {
      expect(policyOf({ fs })).toMatchObject({ dataDir: at('host/data/data/sample'), read: [], write: [] });
    }
  });

  test('keeps compiled code by content, and not without a hash', () => {
    expect(policyOf({}, { hash: 'sha256-abc' }).cacheDir).toBe(at('host/cache/confined/sample/sha256-abc'));
    expect(policyOf({}, { hash: 'sha256-abc', keptAs: 'sample-0123' }).cacheDir).toBe(at('host/cache/confined/sample-0123/sha256-abc'));
    expect(policyOf({}, { hash: '../x' }).cacheDir).toBeUndefined();
  });

  test('passes on what else is granted', () => {
    const policy = policyOf({ run: ['jq'], ipc: true, native: true, net: ['api.example.com'], env: ['LANG'] });

    expect(policy).toMatchObject({ canFork: true, ipc: true, native: true, net: [{ host: 'api.example.com', port: 443 }] });
    expect(policyOf({ run: [] }).canFork).toBe(false);
  });

  test('mounts what is really there at the path it was granted by', () => {
    const real = made.folder('real/inner');
    symlinkSync(at('real'), at('link'));

    expect(policyOf({ fs: { read: [at('link/inner')] } }).read).toEqual([{ source: real, target: at('link/inner') }]);
  });

  test('drops a path to read that does not exist, and keeps one to write', () => {
    made.folder('real');
    symlinkSync(at('real'), at('link'));
    const policy = policyOf({ fs: { read: [at('missing')], write: [at('link/new/deep')] } });

    expect(policy.read).toEqual([]);
    expect(policy.write).toEqual([{ source: at('real/new/deep'), target: at('link/new/deep') }]);
  });

  test.each([
    'relative',
    '~/x',
    '',
    `\${workspace}/../x`,
    '/a/../b',
    `/x/\${workspace}`,
    `\${home}/x`,
    '/srv/*',
    `\${workspace}/?`,
    '/a\nb',
    '/a\0b',
  ])('refuses %j, which is no path to grant', (text) => {
    expect(refusalsOf({ fs: { read: [text] } })).toHaveLength(1);
    expect(refusalsOf({ fs: { write: [text] } })[0]).toMatch(/^fs\.write ".*": /);
  });

  test('refuses places that are never granted, by name and through a link', () => {
    made.file('home/.ssh/id_ed25519');
    symlinkSync(at('home/.ssh'), at('work/innocent'));
    symlinkSync('/proc', at('work/processes'));

    for (const path of [at('home/.ssh'), at('work/innocent'), at('work/processes/1'), at('host/data/data/sample'), '/']) {
      expect(refusalsOf({ fs: { read: [path] } }), path).toHaveLength(1);
      expect(refusalsOf({ fs: { write: [path] } }), path).toHaveLength(1);
    }
  });

  test('shows what is never granted empty in a folder that may be read, and refuses to write there', () => {
    made.file('home/.ssh/id_ed25519');
    made.file('home/.netrc');
    made.file('home/project/text');
    made.folder('home/state/data');
    const { places } = made.input({});
    const more = { places: { ...places, workspace: made.home, dataDir: at('home/state') } };
    const policy = policyOf({ fs: { read: [`\${workspace}`], write: [`\${workspace}/project/out`] } }, more);

    expect(policy.read).toEqual([here('home')]);
    expect(new Map(policy.masks?.map(({ target, kind }) => [target, kind]))).toEqual(
      new Map([
        [at('home/.config/outrigger'), 'folder'],
        [at('home/.ssh'), 'folder'],
        [at('home/.netrc'), 'file'],
        [at('home/state'), 'folder'],
      ]),
    );
    expect(needsOf(policy).has('masks')).toBe(true);
    expect(refusalsOf({ fs: { write: [`\${workspace}/project`, `\${workspace}`] } }, more)).toHaveLength(1);
    expect(policyOf({ fs: { read: [at('home/project')] } }, more).masks).toBeUndefined();
  });

  test('shows nothing of what holds a whole home, or system files, even with masks', () => {
    for (const path of [made.root, '/etc', '/var', '/']) expect(refusalsOf({ fs: { read: [path] } }), path).toHaveLength(1);
  });

  test('refuses to write what the host runs, and allows to read it', () => {
    made.file('work/sub/.git/config');

    expect(refusalsOf({ fs: { write: [`\${workspace}`, `\${workspace}/sub`, made.directory] } })).toHaveLength(3);
    expect(policyOf({ fs: { read: [`\${workspace}`, made.directory] } }).read).toHaveLength(2);
  });

  test('refuses a socket without an ipc grant, and devices always', async () => {
    const server = createServer().listen(at('socket'));
    await new Promise((resolve) => server.once('listening', resolve));

    expect(refusalsOf({ fs: { read: [at('socket')] } })[0]).toContain('"ipc"');
    expect(policyOf({ fs: { read: [at('socket')] }, ipc: true }).read).toHaveLength(1);
    await new Promise((resolve) => server.close(resolve));
  });

  test('obeys the operator’s list, and refuses all where it cannot be read', () => {
    made.folder('work/private');
    const settings = { never: [`\${workspace}/private`] };

    expect(refusalsOf({ fs: { read: [`\${workspace}`] } }, { settings })[0]).toContain('sandbox.never');
    expect(refusalsOf({ fs: { read: [`\${workspace}/private`] } }, { settings })).toHaveLength(1);
    expect(refusalsOf({}, { settings: { never: ['~/x*'] } })[0]).toMatch(/^sandbox\.never /);
  });

  test('refuses hosts and variables with a reason each', () => {
    const refusals = refusalsOf({ net: ['http://x/'], env: ['NODE_OPTIONS', 'LANG'] });

    expect(refusals).toEqual([expect.stringMatching(/^net "/), expect.stringMatching(/^env "NODE_OPTIONS": never granted: /)]);
  });

  test('refuses a plugin whose folder is missing or whose name could lead elsewhere', () => {
    expect(refusalsOf({}, { directory: at('absent') })).toHaveLength(1);
    expect(refusalsOf({}, { plugin: '../other' })).toHaveLength(1);
  });

  test('makes plugin text harmless in refusals', () => {
    expect(refusalsOf({ fs: { read: ['\u001b[31m/x"\u0007'] } })[0]).toMatch(/^fs\.read "\/x\\"": /);
  });
});

test('makePolicy() refuses a plugin whose folder holds the home or what is the host’s own', () => {
  const { places } = made.input({});
  for (const more of [{ dataDir: at('plugin/.outrigger') }, { cacheDir: at('plugin/cache') }, { home: at('plugin') }])
    expect(refusalsOf({}, { places: { ...places, ...more } })).toEqual([
      expect.stringMatching(/it holds ".*", which no plugin may see; move/),
    ]);
});

test('makePolicy() refuses a plugin that lies in the data folder of a plugin, by a link too', () => {
  const directory = made.folder('host/data/data/other/plugin');
  symlinkSync(directory, at('by-link'));

  for (const path of [directory, at('by-link')])
    expect(refusalsOf({}, { directory: path })).toEqual([expect.stringContaining('it lies in the data folder of a plugin')]);
});

test('makePolicy() looks programs up in the PATH of the host, but for what is of the project, of a plugin, or may be written by one', () => {
  const folders = ['bin', 'work/bin', 'plugin/bin', 'plugins/other/bin', 'host/data/data/sample/bin', 'out/bin', 'left/bin'].map((name) =>
    made.folder(name),
  );
  const { places } = made.input({});
  const more = {
    places: {
      ...places,
      path: ['/usr/bin', ...folders].join(':'),
      programs: [at('plugins/other')],
      written: new Map([['other', [at('out')]]]),
      wrote: new Map([['sample', [at('left'), `\${data}`]]]),
    },
  };

  const { programs } = policyOf({}, more);

  expect(programs?.path).toEqual(['/usr/bin', at('bin')]);
  expect(programs?.whyNot(at('host/data/store/x'))).toContain('Outrigger’s own files');
  expect(programs?.whyNot(join(made.home, '.ssh/bin/python3'))).toContain('keys and tokens');
});

test('makePolicy() follows no link that lies where a plugin could write before', () => {
  made.folder('work/out');
  made.folder('outside');
  symlinkSync(at('outside'), at('work/out/sub'));
  const { places } = made.input({});
  const more = { places: { ...places, wrote: new Map([['sample', [`\${workspace}/out`]]]) } };

  expect(refusalsOf({ fs: { read: [`\${workspace}/out/sub`] } }, more)).toEqual([
    expect.stringContaining('which plugin "sample" could have made'),
  ]);
  expect(policyOf({ fs: { read: [`\${workspace}/out`] } }, more).read).toEqual([here('work/out')]);
});

describe('makePolicy() with paths inside each other', () => {
  beforeEach(() => mkdirSync(at('work/a/b'), { recursive: true }));

  test('keeps what may be written inside what may be read', () => {
    const policy = policyOf({ fs: { read: [`\${workspace}`], write: [`\${workspace}/a`] } });

    expect(policy).toMatchObject({ read: [here('work')], write: [here('work/a')] });
  });

  test('drops what another one covers', () => {
    const policy = policyOf({
      fs: { read: [`\${workspace}/a`, `\${workspace}/a/b`, `\${workspace}/a`], write: [`\${workspace}/a/b`, `\${workspace}/a`] },
    });

    expect(policy).toMatchObject({ read: [], write: [here('work/a')] });
    expect(policyOf({ fs: { read: [`\${workspace}`, `\${workspace}/a/b`] } }).read).toEqual([here('work')]);
  });

  test('refuses an inner path that a link leads out', () => {
    made.folder('outside');
    symlinkSync(at('outside'), at('work/a/link'));

    for (const write of [[`\${workspace}/a`], []]) {
      const refusals = refusalsOf({ fs: { read: [`\${workspace}/a`, `\${workspace}/a/link`], write } });
      expect(refusals).toEqual([expect.stringMatching(/^fs\.read ".*link": it /)]);
    }
    expect(refusalsOf({ fs: { write: [`\${workspace}/a`, `\${workspace}/a/link/x`] } })).toHaveLength(1);
  });

  test('refuses a path whose way goes through a link that the plugin may change', () => {
    made.folder('outside');
    symlinkSync(at('work/a'), at('alias'));
    symlinkSync(at('outside'), at('work/a/link'));

    expect(refusalsOf({ fs: { write: [at('alias')], read: [`\${workspace}/a/link`] } })[0]).toContain('which the plugin may change');
  });

  test('refuses what lies in a folder that another plugin may write, by every name, and allows the folder itself', () => {
    made.folder('work/out/inner');
    symlinkSync(at('work/out/inner'), at('work/by-link'));
    const { places } = made.input({});
    const written = new Map([
      ['other', [`\${workspace}/out`, `\${data}/x`]],
      ['sample', [`\${workspace}/mine`]],
    ]);
    made.folder('work/mine/inner');
    const more = { places: { ...places, written } };

    for (const name of ['out/inner', 'by-link', 'out/inner/deeper'])
      expect(refusalsOf({ fs: { write: [`\${workspace}/${name}`] } }, more).join()).toMatch(
        /plugin "other" may write ".*\/out" and could put a link/,
      );
    expect(refusalsOf({ fs: { read: [`\${workspace}/out/inner`] } }, more)).toHaveLength(1);
    expect(policyOf({ fs: { read: [`\${workspace}/out`, `\${workspace}/mine/inner`] } }, more).read).toEqual([
      here('work/out'),
      here('work/mine/inner'),
    ]);
  });

  test('refuses another name for what may be written', () => {
    symlinkSync(at('work'), at('alias'));

    expect(refusalsOf({ fs: { write: [`\${workspace}/a`], read: [at('alias/a/b')] } })[0]).toContain('another name');
    expect(refusalsOf({ fs: { write: [`\${workspace}/a`, at('alias/a')] } })).not.toEqual([]);
  });
});

test('limitsOf() takes wishes, else defaults, and never more than the caps', () => {
  expect(limitsOf(undefined, undefined)).toEqual(DEFAULT_LIMITS);
  expect(limitsOf({ memoryMb: 1e9, cpu: 1e9, pids: 1e9, openFiles: 1e9, tmpMb: 1e9, storageMb: 1e9 }, undefined)).toEqual(DEFAULT_CAPS);
  expect(limitsOf({ memoryMb: 100, pids: 10 }, { memoryMb: 50, cpu: 0.5, pids: 20 })).toEqual({
    ...DEFAULT_LIMITS,
    memoryMb: 50,
    cpu: 0.5,
    pids: 10,
  });
  expect(limitsOf({ memoryMb: 10_000 }, { memoryMb: 8192 }).memoryMb).toBe(8192);
});

test('needsOf() names what must hold for each policy', () => {
  expect([...needsOf(policyOf({}))].sort()).toEqual(['fork', 'fs', 'net', 'signals']);
  expect([...needsOf(policyOf({ net: ['api.example.com'], run: ['jq'] }))].sort()).toEqual(['fs', 'net', 'netAllow', 'signals']);
});
