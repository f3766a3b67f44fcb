import { execFileSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { closingWords, strayDescriptors } from '../../../host/process/stray-descriptors.ts';
import { testWith } from '../../support/needs.ts';

const withBash = testWith('/bin/bash', 'bash');
const module = pathToFileURL(join(import.meta.dirname, '../../../host/process/stray-descriptors.ts')).href;

test('strayDescriptors() does not name what this process opened itself', () => {
  const own = openSync('/dev/null', 'r');
  try {
    expect(strayDescriptors(3)).not.toContain(own);
  } finally {
    closeSync(own);
  }
});

withBash('strayDescriptors() looks again in another turn', () => {
  const script = `import(${JSON.stringify(module)}).then(async (m) => {
    const before = m.strayDescriptors(250);
    require('node:fs').closeSync(251);
    const same = m.strayDescriptors(250);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    console.log(JSON.stringify([before, same, m.strayDescriptors(250)]));
  })`;

  const said = execFileSync('/bin/bash', ['--norc', '-c', 'exec 251</dev/null; exec "$@"', 'x', process.execPath, '-e', script]);

  expect(JSON.parse(said.toString())).toEqual([[251], [251], []]);
});

withBash('strayDescriptors() names those that were inherited, from the first asked for', () => {
  const script = `import(${JSON.stringify(module)}).then((m) => console.log(JSON.stringify([m.strayDescriptors(200), m.strayDescriptors(252)])))`;

  const said = execFileSync('/bin/bash', [
    '--norc',
    '-c',
    'exec 251</dev/null 252</dev/null; exec "$@"',
    'x',
    process.execPath,
    '-e',
    script,
  ]);

  expect(JSON.parse(said.toString())).toEqual([[251, 252], [252]]);
});

test('closingWords() adds nothing for nothing', () => {
  expect(closingWords([])).toEqual([]);
});

withBash('closingWords() close them, run no start-up file and leave the environment as it was', () => {
  const [shell = '', ...words] = [...closingWords([251]), '/bin/dash', '-c', 'echo /proc/self/fd/*; /usr/bin/env; echo "$@"', 'x', 'a b'];
  const options = ['--norc', '-c', 'exec 251</dev/null; exec /usr/bin/env -i ONLY=this "$@"', 'x', shell, ...words];

  const said = execFileSync('/bin/bash', options, { input: '' }).toString();

  // PWD is the inner shell's own.
  expect(said).toMatch(/^(\/proc\/self\/fd\/\d )+\/proc\/self\/fd\/\d\nPWD=.*\nONLY=this\na b\n$|^(\S+ )*\S+\nONLY=this\nPWD=.*\na b\n$/);
  expect(said).not.toContain('251');
});
