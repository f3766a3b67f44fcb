import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ledPaths, whyElsewhere } from '../../../../host/sandbox/policy/led-paths.ts';
import { type SandboxPlaces, sandboxPlaces } from '../../../support/sandbox-places.ts';

let made: SandboxPlaces;
beforeEach(() => {
  made = sandboxPlaces();
});
afterEach(() => made.remove());

const variables = () => ({ workspace: made.workspace, config: made.folder('config') });

test('ledPaths() names what goes through a link, by the variable it is written with, and nothing else', () => {
  made.folder('work/real');
  made.folder('outside');
  symlinkSync('real', join(made.workspace, 'inner'));
  symlinkSync(join(made.root, 'outside'), join(made.workspace, 'outer'));
  symlinkSync(made.workspace, join(made.root, 'alias'));
  const texts = [`\${workspace}`, `\${workspace}/real`, `\${workspace}/inner/x`, `\${workspace}/missing`, `\${config}`, `\${data}/x`];
  const alias = join(made.root, 'alias/real');

  expect(ledPaths({ fs: { read: texts, write: [`\${workspace}/outer`, alias, 'relative'] } }, variables())).toEqual({
    [`\${workspace}/inner/x`]: `\${workspace}/real/x`,
    [`\${workspace}/outer`]: join(made.root, 'outside'),
    [alias]: join(made.workspace, 'real'),
  });
});

test('ledPaths() takes a workspace that is reached through a link for itself', () => {
  made.folder('work/real');
  symlinkSync(made.workspace, join(made.root, 'alias'));

  expect(ledPaths({ fs: { read: [`\${workspace}/real`] } }, { ...variables(), workspace: join(made.root, 'alias') })).toEqual({});
});

test('whyElsewhere() judges only what was accepted', () => {
  const path = { text: `\${workspace}/a`, target: join(made.workspace, 'a'), source: '/elsewhere' };

  expect(whyElsewhere(path, variables(), new Map())).toBeUndefined();
  expect(whyElsewhere(path, variables(), new Map([[path.text, '/elsewhere']]))).toBeUndefined();
  expect(whyElsewhere(path, variables(), new Map([[path.text, undefined]]))).toContain('leads to "/elsewhere" now');
});
