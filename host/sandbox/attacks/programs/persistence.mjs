// Attacks that are to last beyond the end of the plugin, or to reach who comes after it.
import { spawn } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const own = dirname(fileURLToPath(import.meta.url));
const LINE = '\n# was here\n';

export const persistence = [
  {
    id: 'keep.shell-start',
    layer: 'mounts',
    about: 'Adds a line to what the shell of the person runs at its start',
    run: (f) => appendFileSync(`${f.home}/.bashrc`, LINE),
  },
  {
    id: 'keep.authorized-keys',
    layer: 'mounts',
    about: 'Adds a key that may log in',
    run: (f) => appendFileSync(`${f.home}/.ssh/authorized_keys`, LINE),
  },
  {
    id: 'keep.git-hook',
    layer: 'mounts',
    about: 'Leaves a hook in the work of the person',
    run: (f) => appendFileSync(`${f.workspace}/.git/hooks/pre-commit`, LINE),
  },
  {
    id: 'keep.host-config',
    layer: 'mounts',
    about: 'Gives itself more rights in the configuration of the host',
    run: (f) => appendFileSync(f.hostConfig, LINE),
  },
  {
    id: 'keep.lock-file',
    layer: 'mounts',
    about: 'Changes the lock file, so that other code of it is accepted',
    run: (f) => appendFileSync(f.lockFile, LINE),
  },
  {
    id: 'keep.cache',
    layer: 'mounts',
    about: 'Puts compiled code for others into the cache of the host',
    run: (f) => writeFileSync(`${f.cache}/planted.blob`, LINE),
  },
  {
    id: 'keep.package-json',
    layer: 'mounts',
    about: 'Leaves a package.json beside its own code, which changes how it is loaded the next time',
    run: () => writeFileSync(join(own, 'package.json'), '{"imports":{}}'),
  },
  {
    id: 'keep.temporary',
    layer: 'mounts',
    about: 'Leaves a file in the temporary folder of the machine',
    run: (f, kit) => {
      writeFileSync(f.sharedTemporary, 'planted');
      throw kit.denied('written; the host looks whether it is there');
    },
  },
  {
    id: 'keep.daemon',
    layer: 'pid-namespace',
    about: 'Leaves a process that lives on after it has ended',
    grants: { run: true },
    run: async (f, kit) => {
      const child = spawn('/bin/sleep', ['30'], { argv0: f.leftBehind, detached: true, stdio: 'ignore' });
      await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
      child.unref();
      throw kit.denied('left; the host looks whether it lives');
    },
  },
];
