import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { buildPlugin } from '../../../host/conformance/build-plugin.ts';
import { testWith } from '../../support/needs.ts';

function folderWith(makefile?: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-build-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  if (makefile !== undefined) writeFileSync(join(folder, 'Makefile'), makefile);
  return folder;
}

test('buildPlugin() leaves a folder without a Makefile alone', async () => {
  expect(await buildPlugin(folderWith(), {})).toBe(false);
});

testWith('make', 'make')('buildPlugin() makes the first goal', async () => {
  const folder = folderWith('plugin:\n\techo built > plugin\n');

  expect(await buildPlugin(folder, process.env)).toBe(true);
  expect(readFileSync(join(folder, 'plugin'), 'utf8')).toBe('built\n');
});

testWith('make', 'make')('buildPlugin() fails with what the compiler said', async () => {
  const folder = folderWith('plugin:\n\t@echo line 3 is wrong >&2; exit 1\n');

  await expect(buildPlugin(folder, process.env)).rejects.toThrow(/^Cannot build the plugin in ".*": "make" .*code 2\nline 3 is wrong/);
});

testWith('make', 'make')(
  'buildPlugin() tells of a build that takes longer than a second, once, and of no other',
  async () => {
    const quick = folderWith('plugin:\n\ttrue\n');
    const slow = folderWith('plugin:\n\tuntil [ -e told ]; do sleep 0.05; done\n');
    const told: string[] = [];

    await buildPlugin(quick, process.env, () => told.push('quick'));
    await buildPlugin(slow, process.env, () => {
      told.push('slow');
      writeFileSync(join(slow, 'told'), '');
    });

    expect(told).toEqual(['slow']);
  },
  30_000,
);

test('buildPlugin() says that make is missing', async () => {
  await expect(buildPlugin(folderWith('plugin:\n'), { PATH: '/nonexistent' })).rejects.toThrow('"make" is not on the PATH');
});
