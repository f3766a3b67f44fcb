import { symlinkSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { forbiddenPlaces, homesOf, maskedIn, whyForbidden, whySecretsIn } from '../../../../host/sandbox/policy/forbidden.ts';
import type { Place } from '../../../../host/sandbox/policy/place.ts';
import { type SandboxPlaces, sandboxPlaces } from '../../../support/sandbox-places.ts';

let made: SandboxPlaces;
let list: Place[];
beforeEach(() => {
  made = sandboxPlaces();
  list = forbiddenPlaces(made.input({}).places, [join(made.root, 'private')]);
});
afterEach(() => made.remove());

describe('whyForbidden()', () => {
  test.each(['/proc', '/proc/self/root/tmp', '/sys/fs', '/dev/sda', '/run/docker.sock', '/var/run', '/boot', '/etc/shadow', '/etc/ssh/x'])(
    'names a reason for %s of the system',
    (path) => {
      expect(whyForbidden(path, list)).toMatch(/^never granted: /);
    },
  );

  test.each(['.ssh', '.ssh/id_ed25519', '.gnupg', '.aws/credentials', '.config/gcloud', '.kube/config', '.docker', '.netrc', '.config/gh'])(
    'names a reason for ~/%s, by HOME and by the account’s own home',
    (path) => {
      for (const home of [made.home, userInfo().homedir]) expect(whyForbidden(join(home, path), list)).toMatch(/^never granted: /);
    },
  );

  test.each(['.mozilla/firefox', '.config/google-chrome/Default', '.config/chromium', '.config/outrigger/config.yaml', '.bash_history'])(
    'names a reason for ~/%s',
    (path) => {
      expect(whyForbidden(join(made.home, path), list)).toBeDefined();
    },
  );

  test('names a reason for what holds such a place, whether it exists or not', () => {
    expect(whyForbidden(made.home, list)).toMatch(/^it holds ".*", which is never granted/);
    expect(whyForbidden(join(made.home, '.config'), list)).toBeDefined();
    for (const path of ['/', '/etc', '/var']) expect(whyForbidden(path, list), path).toBeDefined();
  });

  test('names a reason for the host’s own folders and the operator’s list', () => {
    expect(whyForbidden(join(made.root, 'host/data/data/other'), list)).toContain('Outrigger’s own files');
    expect(whyForbidden(join(made.root, 'host/cache'), list)).toContain('Outrigger’s own files');
    expect(whyForbidden(join(made.root, 'private/x'), list)).toContain('sandbox.never');
  });

  test('names a reason for traces and sockets of the host, and has them shown empty in what holds them', () => {
    const [state, traces] = [join(made.home, '.local/state/outrigger'), join(made.workspace, 'traces.jsonl')];
    const places = forbiddenPlaces({ ...made.input({}).places, own: { folders: [state], files: [traces] } }, []);

    for (const path of [state, join(state, 'traces.jsonl'), traces]) expect(whyForbidden(path, places), path).toMatch(/^never granted/);
    expect(whyForbidden(made.workspace, places)).toContain(traces);
    expect(whyForbidden(made.workspace, places, true)).toBeUndefined();
    expect(maskedIn(made.home, places)).toContainEqual(expect.objectContaining({ path: state, isOurs: true }));
    // A folder would be made where a file belongs.
    expect(maskedIn(made.workspace, places)).toMatchObject([{ path: traces }]);
    expect(maskedIn(made.workspace, places)[0]).not.toHaveProperty('isOurs');
  });

  test('names a reason for keys in the homes of others', () => {
    expect(whyForbidden('/srv/someone/.ssh/id_rsa', list)).toContain('.ssh');
  });

  test('allows the workspace, single files of /etc and folders in a home', () => {
    for (const path of [made.workspace, '/etc/hostname', join(made.home, 'project'), '/srv/data', '/home/other/project']) {
      expect(whyForbidden(path, list), path).toBeUndefined();
    }
  });

  test('knows a place by where it really is', () => {
    const elsewhere = made.folder('vault');
    symlinkSync(elsewhere, join(made.home, '.ssh'));

    const places = forbiddenPlaces(made.input({}).places, []);
    expect(whyForbidden(join(elsewhere, 'id_rsa'), places)).toMatch(/^never granted/);
  });

  test('takes root’s home for a home where it is one, else refuses all of it', () => {
    const isRoot = userInfo().homedir === '/root';
    expect(whyForbidden('/root/project', list) === undefined).toBe(isRoot);
    expect(whyForbidden('/root/project', forbiddenPlaces({ ...made.input({}).places, home: '/root' }, []))).toBeUndefined();
    expect(whyForbidden('/root/.ssh', list)).toBeDefined();
  });
});

test('whySecretsIn() looks at the folder’s own entries alone', () => {
  expect(whySecretsIn(made.folder('plain'))).toBeUndefined();
  made.folder('other/.aws');
  expect(whySecretsIn(join(made.root, 'other'))).toContain('.aws');
  expect(whySecretsIn(made.root)).toBeUndefined();
});

test('homesOf() leaves out what is no home', () => {
  expect(homesOf('/')).not.toContain('/');
  expect(homesOf('relative')).not.toContain('relative');
  expect(homesOf('/home/x/')).toContain('/home/x');
});
