// Attacks on files that were not granted, or only for reading.
import * as fs from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const text = (path) => fs.readFileSync(path, 'utf8');
const own = dirname(fileURLToPath(import.meta.url));

export const files = [
  {
    id: 'fs.read-private-key',
    layer: 'mounts',
    about: 'Reads the private key in the home of the person who runs the host',
    run: (f) => text(f.privateKey),
  },
  {
    id: 'fs.read-outside',
    layer: 'mounts',
    about: 'Reads a file that everybody may read, outside what was granted',
    run: (f) => text(f.outsideFile),
  },
  { id: 'fs.read-promise', layer: 'mounts', about: 'The same by promises', run: (f) => readFile(f.outsideFile, 'utf8') },
  {
    id: 'fs.read-stream',
    layer: 'mounts',
    about: 'The same by a stream',
    run: async (f) => {
      let found = '';
      for await (const part of fs.createReadStream(f.outsideFile)) found += part;
      return found;
    },
  },
  {
    id: 'fs.read-blob',
    layer: 'mounts',
    about: 'The same by a blob of a file',
    run: async (f) => (await fs.openAsBlob(f.outsideFile)).text(),
  },
  {
    id: 'fs.read-buffer-path',
    layer: 'mounts',
    about: 'The same by a path of bytes, which language models have missed before',
    run: (f) => fs.readFileSync(Buffer.from(f.outsideFile), 'utf8'),
  },
  {
    id: 'fs.read-url',
    layer: 'mounts',
    about: 'The same by a file: address with escapes',
    run: (f) => fs.readFileSync(new URL(`file://${f.outsideFile.replace('outside', '%6futside')}`), 'utf8'),
  },
  {
    id: 'fs.dotdot',
    layer: 'mounts',
    about: 'Climbs out of the granted folder by ..',
    run: (f) => text(`${f.write}/../../outside/${f.outsideFile.split('/').at(-1)}`),
  },
  {
    id: 'fs.dotdot-bytes',
    layer: 'mounts',
    about: 'The same by an array of bytes whose text says another path',
    run: (f) => {
      const path = new TextEncoder().encode(`${f.write}/../../outside/${f.outsideFile.split('/').at(-1)}`);
      path.toString = () => `${f.write}/fine`;
      return fs.readFileSync(Buffer.from(path.buffer), 'utf8');
    },
  },
  { id: 'fs.list-home', layer: 'mounts', about: 'Lists the home of the person', run: (f) => fs.readdirSync(f.home).join(' ') },
  { id: 'fs.read-host-config', layer: 'mounts', about: 'Reads the configuration of the host', run: (f) => text(f.hostConfig) },
  { id: 'fs.read-other-data', layer: 'mounts', about: 'Reads what another plugin stored', run: (f) => text(f.otherData) },
  { id: 'fs.read-store', layer: 'mounts', about: 'Reads the code of another plugin', run: (f) => text(f.storeFile) },
  {
    id: 'fs.read-shadow',
    layer: 'mounts',
    about: 'Reads the password hashes of the machine',
    run: () => `${text('/etc/shadow').length} characters`,
  },
  {
    id: 'fs.read-accounts',
    layer: 'mounts',
    about: 'Reads who has an account on this machine',
    run: (f, kit) => {
      const users = text('/etc/passwd')
        .split('\n')
        .map((line) => line.split(':')[0]);
      const known = users.filter((name) => name !== '' && f.hostUsers.includes(name));
      if (known.length < 4) throw kit.denied(`only ${users.join(' ')} show`);
      return known.join(' ');
    },
  },
  {
    id: 'fs.create-outside',
    layer: 'mounts',
    about: 'Creates a file in a folder that everybody may write',
    run: (f) => fs.writeFileSync(`${f.outsideFolder}/planted`, 'planted'),
  },
  {
    id: 'fs.append-outside',
    layer: 'mounts',
    about: 'Changes a file that everybody may write',
    run: (f) => fs.appendFileSync(f.outsideFile, 'changed'),
  },
  { id: 'fs.delete-outside', layer: 'mounts', about: 'Deletes a file outside', run: (f) => fs.rmSync(f.outsideFile) },
  {
    id: 'fs.write-store',
    layer: 'mounts',
    about: 'Changes the code of another plugin',
    run: (f) => fs.appendFileSync(f.storeFile, '\n// was here\n'),
  },
  {
    id: 'fs.write-through-read-grant',
    layer: 'mounts',
    about: 'Writes into a folder granted for reading',
    run: (f) => fs.writeFileSync(`${f.read}/planted`, 'planted'),
  },
  {
    id: 'fs.chmod-through-read-grant',
    layer: 'mounts',
    about: 'Changes the mode of a file granted for reading',
    run: (f) => fs.chmodSync(f.readFile, 0o640),
  },
  {
    id: 'fs.utimes-through-read-grant',
    layer: 'mounts',
    about: 'Changes the times of a file granted for reading',
    run: (f) => fs.utimesSync(f.readFile, 1, 1),
  },
  {
    id: 'fs.fchmod-through-read-grant',
    layer: 'mounts',
    about: 'The same by a descriptor opened for reading',
    run: (f) => fs.fchmodSync(fs.openSync(f.readFile, 'r'), 0o640),
  },
  {
    id: 'fs.futimes-through-read-grant',
    layer: 'mounts',
    about: 'Changes the times by a descriptor opened for reading',
    run: (f) => fs.futimesSync(fs.openSync(f.readFile, 'r'), 1, 1),
  },
  {
    id: 'fs.reopen-read-grant',
    layer: 'mounts',
    about: 'Reopens a file granted for reading for writing, by /proc/self/fd',
    run: (f) => fs.appendFileSync(`/proc/self/fd/${fs.openSync(f.readFile, 'r')}`, 'changed'),
  },
  {
    id: 'fs.write-own-code',
    layer: 'mounts',
    about: 'Changes its own code',
    run: () => fs.appendFileSync(join(own, 'files.mjs'), '\n// was here\n'),
  },
  {
    id: 'fs.symlink-escape',
    layer: 'mounts',
    about: 'Reads through a symbolic link it left in the folder it may write',
    run: (f) => {
      fs.symlinkSync(f.outsideFile, `${f.write}/link`);
      return text(`${f.write}/link`);
    },
  },
  {
    id: 'fs.symlink-relative',
    layer: 'mounts',
    about: 'The same by a relative link, which is made before what it leads to is known',
    run: (f) => {
      fs.mkdirSync(`${f.write}/a/b`, { recursive: true });
      fs.symlinkSync('../../../../outside', `${f.write}/a/b/link`);
      return text(`${f.write}/a/b/link/${f.outsideFile.split('/').at(-1)}`);
    },
  },
  {
    id: 'fs.symlink-write',
    layer: 'mounts',
    about: 'Writes through a symbolic link it left in the folder it may write',
    run: (f) => {
      fs.symlinkSync(f.outsideFile, `${f.write}/link-out`);
      fs.appendFileSync(`${f.write}/link-out`, 'changed');
    },
  },
  {
    id: 'fs.hardlink-out',
    layer: 'mounts',
    about: 'Links a file from outside into the folder it may write',
    run: (f) => fs.linkSync(f.outsideFile, `${f.write}/hard`),
  },
  {
    id: 'fs.copy-out',
    layer: 'mounts',
    about: 'Copies a folder from outside into the one it may write',
    run: (f) => {
      fs.cpSync(f.outsideFolder, `${f.write}/copy`, { recursive: true });
      return text(`${f.write}/copy/${f.outsideFile.split('/').at(-1)}`);
    },
  },
  {
    id: 'fs.watch-outside',
    layer: 'mounts',
    about: 'Watches what happens in a folder outside',
    run: (f) => void fs.watch(f.outsideFolder).close(),
  },
  {
    id: 'fs.stat-outside',
    layer: 'mounts',
    about: 'Learns size and times of a file outside',
    run: (f) => `${fs.statSync(f.outsideFile).size} bytes`,
  },
  {
    id: 'fs.exists-outside',
    layer: 'mounts',
    about: 'Learns whether a file outside exists',
    run: (f, kit) => {
      if (!fs.existsSync(f.outsideFile)) throw kit.denied('it does not show');
      return f.outsideFile;
    },
  },
  {
    id: 'fs.glob-outside',
    layer: 'mounts',
    about: 'Finds files outside by a pattern',
    run: (f, kit) => {
      const found = fs.globSync(`${f.outsideFolder}/*`);
      if (found.length === 0) throw kit.denied('none is found');
      return found.join(' ');
    },
  },
  {
    id: 'fs.proc-self-root',
    layer: 'mounts',
    about: 'Reads outside by /proc/self/root',
    run: (f) => text(`/proc/self/root${f.outsideFile}`),
  },
  {
    id: 'fs.proc-host-root',
    layer: 'pid-namespace',
    about: 'Reads outside by the root folder of the host process',
    run: (f) => text(`/proc/${f.hostPid}/root${f.outsideFile}`),
  },
  {
    id: 'fs.setuid-bit',
    layer: 'seccomp',
    about: 'Leaves a program with the set-user-id bit in the folder it may write',
    run: (f, kit) => {
      fs.writeFileSync(`${f.write}/setuid`, '#!/bin/sh\n');
      fs.chmodSync(`${f.write}/setuid`, 0o4755);
      if ((fs.statSync(`${f.write}/setuid`).mode & 0o4000) === 0) throw kit.denied('the bit was dropped');
    },
  },
  {
    id: 'fs.setuid-open',
    layer: 'seccomp',
    about: 'Creates a file with the set-user-id bit at once',
    run: (f, kit) => {
      fs.closeSync(fs.openSync(`${f.write}/setuid-open`, 'w', 0o4755));
      if ((fs.statSync(`${f.write}/setuid-open`).mode & 0o4000) === 0) throw kit.denied('the bit was dropped');
    },
  },
  {
    id: 'fs.import-outside',
    layer: 'mounts',
    about: 'Reads a file outside by importing it as data',
    run: async (f) => JSON.stringify((await import(`file://${f.otherData}`, { with: { type: 'json' } })).default),
  },
];
