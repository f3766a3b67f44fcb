import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { examine, type GrantContext, type PathGrant, refusalOf, relate } from '../../../../host/sandbox/policy/grants.ts';
import { type SandboxPlaces, sandboxPlaces } from '../../../support/sandbox-places.ts';

let made: SandboxPlaces;
beforeEach(() => {
  made = sandboxPlaces();
});
afterEach(() => made.remove());

function contextOf(more: Partial<GrantContext> = {}): GrantContext {
  const none = { forbidden: [], executed: [], ipc: false, others: [], formers: [], accepted: undefined };
  return { variables: { workspace: made.workspace, config: made.root }, ...none, ...more };
}

function grant(target: string, write: boolean, more: Partial<PathGrant> = {}): PathGrant {
  return { text: target, write, target, source: target, links: [], ...more };
}

test('examine() grants a path with the links on its way, nothing where there is nothing to read', () => {
  const inner = made.folder('work/real/inner');
  symlinkSync(join(made.workspace, 'real'), join(made.workspace, 'link'));

  expect(examine(`\${workspace}/link/inner`, false, contextOf())).toEqual({
    grant: {
      text: `\${workspace}/link/inner`,
      write: false,
      target: join(made.workspace, 'link/inner'),
      source: inner,
      links: [join(made.workspace, 'link')],
    },
  });
  expect(examine(`\${workspace}/missing`, false, contextOf())).toBeUndefined();
});

test('examine() refuses a link that another plugin may change, and grants what only has such a folder beside it', () => {
  made.folder('work/out');
  made.folder('work/real');
  symlinkSync(join(made.workspace, 'real'), join(made.workspace, 'out/link'));
  const others = [{ plugin: 'other', path: join(made.workspace, 'out') }];

  expect(examine(`\${workspace}/out/link`, false, contextOf({ others }))).toMatchObject({
    refusal: expect.stringContaining('plugin "other" may write'),
  });
  expect(examine(`\${workspace}/real`, false, contextOf({ others }))).toHaveProperty('grant');
});

test('relate() keeps the outer of two, and a part that may be written beside it', () => {
  const kept = relate([grant('/a/b', false), grant('/a', false), grant('/a/c', true)]).kept;

  expect(kept.map(({ target, write }) => [target, write])).toEqual([
    ['/a', false],
    ['/a/c', true],
  ]);
});

test('relate() refuses what the plugin itself could lead elsewhere', () => {
  const { refusals } = relate([grant('/out', true), grant('/seen', false, { links: ['/out/link'] })]);

  expect(refusals).toEqual(['fs.read "/seen": it goes through the link "/out/link", which the plugin may change; write where it leads']);
});

test('refusalOf() prints nothing of the plugin’s text that a terminal would obey', () => {
  expect(refusalOf('/a\u001b[31m', true, 'no')).not.toContain('\u001b');
});

test('examine() refuses a link that somebody could have left who may not write there any more', () => {
  made.folder('work/out/real');
  made.folder('outside');
  symlinkSync(join(made.root, 'outside'), join(made.workspace, 'out/link'));
  const context = contextOf({ formers: [{ plugin: 'gone', path: join(made.workspace, 'out') }] });

  expect(examine(`\${workspace}/out/link`, false, context)).toEqual({
    refusal: expect.stringContaining('/out/link", which plugin "gone" could have made'),
  });
  expect(examine(`\${workspace}/out/real`, false, context)).toHaveProperty('grant');
});

test('examine() refuses what leads elsewhere than when it was accepted', () => {
  made.folder('one');
  made.folder('two');
  made.folder('work/plain');
  symlinkSync(join(made.root, 'one'), join(made.workspace, 'link'));
  const link = `\${workspace}/link`;
  const plain = `\${workspace}/plain`;
  const at = (text: string, accepted: [string, string | undefined][]) => examine(text, false, contextOf({ accepted: new Map(accepted) }));

  expect(at(link, [[link, join(made.root, 'one')]])).toHaveProperty('grant');
  expect(at(link, [])).toHaveProperty('grant');
  expect(at(plain, [[plain, undefined]])).toHaveProperty('grant');
  expect(at(link, [[link, undefined]])).toEqual({ refusal: expect.stringContaining('it was no link when it was accepted, and leads to') });
  expect(at(link, [[link, join(made.root, 'two')]])).toEqual({
    refusal: expect.stringMatching(/it led to ".*two" when .* leads to ".*one" now/),
  });
  expect(at(plain, [[plain, join(made.root, 'two')]])).toHaveProperty('refusal');
});
