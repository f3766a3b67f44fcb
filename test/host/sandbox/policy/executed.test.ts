import { symlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { executedPlaces, whyExecuted, whyWorkspace } from '../../../../host/sandbox/policy/executed.ts';
import type { Place } from '../../../../host/sandbox/policy/place.ts';
import { type SandboxPlaces, sandboxPlaces } from '../../../support/sandbox-places.ts';

let made: SandboxPlaces;
let list: Place[];
beforeEach(() => {
  made = sandboxPlaces();
  const { places } = made.input({});
  list = executedPlaces({ ...places, directory: made.directory, programs: [join(made.root, 'plugins/other')] });
});
afterEach(() => made.remove());

describe('whyExecuted()', () => {
  test.each([
    ...['outrigger.yaml', 'outrigger.lock.json', '.git/config', '.envrc', '.bashrc', '.vscode/tasks.json', 'plugin.yaml', '.husky/x'],
    ...['.tmux.conf', '.cargo/config.toml', '.npmrc', '.mcp.json', '.github/workflows/x.yml', '.cursor/mcp.json', '.claude/settings.json'],
  ])('names a reason for a folder that holds %s', (path) => {
    made.file(`project/${path}`);

    expect(whyExecuted(join(made.root, 'project'), list)).toContain(path.split('/')[0]);
  });

  test.each(['.git/hooks', 'deep/.git/modules/x', '.vscode', 'a/outrigger.json'])('names a reason for %s itself', (path) => {
    expect(whyExecuted(join(made.root, 'project', path), list)).toMatch(/^no plugin writes/);
  });

  test.each(['.config/autostart', '.config/systemd/user', 'bin', '.local/bin/x', '.config/fish', '.cargo/bin'])(
    'names a reason for ~/%s',
    (path) => {
      expect(whyExecuted(join(made.home, path), list)).toBeDefined();
      expect(whyExecuted(dirname(join(made.home, path)), list)).toBeDefined();
    },
  );

  test.each(['/usr/local/share', '/etc/cron.d', '/var/spool/cron', '/bin', '/opt/bin'])('names a reason for %s', (path) => {
    expect(whyExecuted(path, list)).toBeDefined();
  });

  test('names a reason for code of the plugin, of others and of the host, around and inside it', () => {
    const paths = [
      made.directory,
      join(made.directory, 'state'),
      made.root,
      join(made.root, 'plugins'),
      join(made.root, 'plugins/other/x'),
    ];
    for (const path of [...paths, dirname(process.execPath), resolve('host'), resolve('host/sandbox'), resolve('.')]) {
      expect(whyExecuted(path, list), path).toBeDefined();
    }
  });

  test('names a reason for a folder of the PATH, around and inside it, and for a link on the way to it', () => {
    made.folder('tools/bin');
    made.folder('links');
    symlinkSync(join(made.root, 'tools'), join(made.root, 'links/current'));
    symlinkSync(join(made.root, 'links/current/bin'), join(made.root, 'by-name'));
    const { places } = made.input({});
    const withPath = executedPlaces({ ...places, directory: made.directory, path: `/usr/bin:.:${join(made.root, 'by-name')}` });

    for (const path of ['tools/bin', 'tools/bin/x', 'tools', 'links', 'by-name'])
      expect(whyExecuted(join(made.root, path), withPath), path).toContain('programs are found there');
    expect(whyExecuted(join(made.root, 'tools/share'), withPath)).toBeUndefined();
  });

  test('names a reason for a bare git repository', () => {
    made.file('repo/HEAD');
    made.folder('repo/hooks');

    expect(whyExecuted(join(made.root, 'repo'), list)).toContain('git repository');
  });

  test('allows an ordinary folder, also below a project; what lies deeper is not searched', () => {
    made.file('project/.git/config');
    made.file('project/out/deep/.git/config');

    expect(whyExecuted(join(made.root, 'project/out'), list)).toBeUndefined();
    expect(whyExecuted(join(made.root, 'project/new'), list)).toBeUndefined();
  });
});

test('whyWorkspace() refuses the workspace and what holds it, and says what would be right', () => {
  expect(whyWorkspace(made.workspace, made.workspace)).toContain(`"\${workspace}/out"`);
  expect(whyWorkspace(made.root, made.workspace)).toBeDefined();
  expect(whyWorkspace(join(made.workspace, 'out'), made.workspace)).toBeUndefined();
});
