import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { masksOf } from '../../../../host/sandbox/policy/masks.ts';
import { folderWith, shell } from '../../../support/confined.ts';
import { testWith } from '../../../support/needs.ts';

const testBwrap = testWith('bwrap', 'bubblewrap');

function grantOf(folder: string, more: { write?: boolean; target?: string } = {}) {
  return { text: folder, write: false, target: folder, source: folder, links: [], ...more };
}

const place = (path: string) => ({ path, what: 'keys', maskIn: ['/'] });

test('masksOf() names files and folders that are there, the outermost once, by the name of the grant', () => {
  const folder = folderWith({ 'keys/inner/a': '', token: '', 'other/.ssh/id': '', '.aws/x': '' });
  const forbidden = ['keys', 'keys/inner', 'token', 'missing', 'keys'].map((name) => place(join(folder, name)));

  expect(masksOf([grantOf(folder, { target: '/seen' })], forbidden)).toEqual({
    refusals: [],
    masks: expect.arrayContaining([
      { target: '/seen/keys', kind: 'folder' },
      { target: '/seen/token', kind: 'file' },
      { target: '/seen/.aws', kind: 'folder' },
    ]),
  });
  expect(masksOf([grantOf(folder)], forbidden).masks).toHaveLength(3);
});

test('masksOf() masks nothing of what may be written, and the real place of a link in its stead', () => {
  const folder = folderWith({ 'real/key': '' });
  symlinkSync(join(folder, 'real'), join(folder, 'link'));
  const forbidden = ['link', 'link/key', 'real'].map((name) => place(join(folder, name)));

  expect(masksOf([grantOf(folder)], forbidden).masks).toEqual([{ target: join(folder, 'real'), kind: 'folder' }]);
  expect(masksOf([grantOf(folder, { write: true })], forbidden).masks).toEqual([]);
});

testBwrap('masked folders are empty for a plugin, masked files cannot be read, and nothing can be put there', async () => {
  const folder = folderWith({ 'keys/a': 'secret-1', token: 'secret-2', 'open.txt': 'open' });
  mkdirSync(join(folder, 'out'));
  writeFileSync(join(folder, 'out/mine'), 'mine');
  const { masks } = masksOf([grantOf(folder)], [place(join(folder, 'keys')), place(join(folder, 'token'))]);
  const script = `cd "${folder}"; cat open.txt out/mine; ls -A keys | wc -l; cat keys/a token; echo x >keys/b; echo x >token; find / -xdev -name a 2>/dev/null; grep -rs secret- .; echo end`;

  const said = await shell(script, { read: [{ source: folder, target: folder }], masks });

  expect(said).toMatch(/^openmine0\n/);
  expect(said).toContain('end');
  expect(said).not.toContain('secret-');
  expect(said.match(/(Permission denied|Read-only file system|No such file)/g)?.length).toBeGreaterThanOrEqual(4);
});
