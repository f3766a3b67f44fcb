import type { PluginEntry, SubscriptionRequest } from '@outrigger/schemas';
import { expect, test } from 'vitest';
import { loadCatalogs } from '../../../host/registry/load-catalogs.ts';
import { compileMatch } from '../../../host/registry/match.ts';
import type { Membership } from '../../../host/registry/sets.ts';
import { makeSubscription } from '../../../host/registry/subscriptions.ts';
import type { LoadedHook, Subscription } from '../../../host/registry/types.ts';

const { hooks } = await loadCatalogs({ names: ['conda'] });
const HOOK = 'conda.pre_command';

interface Says {
  manifest?: SubscriptionRequest;
  entry?: PluginEntry;
  sets?: Membership[];
  hook?: string;
}

function make({ manifest = {}, entry = {}, sets = [], hook = HOOK }: Says): Subscription {
  const whole = { name: 'x', version: '1', runtime: { command: 'node' }, hooks: { [hook]: manifest } };
  return makeSubscription(hooks.get(hook) as LoadedHook, { manifest: whole, entry, sets, order: 3, sees: [] });
}

const set = (name: string, priority: number): Membership => ({ name, set: { priority } });

test.each<[string, Says, number, string]>([
  ['nobody says anything', {}, 50, 'default'],
  ['the manifest says', { manifest: { priority: 1 } }, 1, 'manifest'],
  ['a set wins over the manifest', { manifest: { priority: 1 }, sets: [set('s', 2)] }, 2, 'set "s"'],
  ['the nearest set wins', { sets: [set('near', 2), set('far', 3)] }, 2, 'set "near"'],
  ['a set without a word is passed over', { sets: [{ name: 'near', set: { mode: 'audit' } }, set('far', 3)] }, 3, 'set "far"'],
  ['the entry wins over sets', { sets: [set('s', 2)], entry: { priority: 4 } }, 4, 'config'],
  [
    'the entry for the hook wins over all',
    { sets: [set('s', 2)], entry: { priority: 4, hooks: { [HOOK]: { priority: 5 } } } },
    5,
    'config for this hook',
  ],
  ['an entry for another hook says nothing', { entry: { hooks: { 'conda.post_command': { priority: 5 } } } }, 50, 'default'],
])('makeSubscription() takes the priority when %s', (_, says, priority, source) => {
  const made = make(says);
  expect([made.priority, made.sources['priority']]).toEqual([priority, source]);
});

test.each<[string, Says, string, string]>([
  ['sequential fails', {}, 'fail', 'mode'],
  ['concurrent fails', { manifest: { mode: 'concurrent' } }, 'fail', 'mode'],
  ['audit ignores', { manifest: { mode: 'audit' } }, 'ignore', 'mode'],
  ['the hook point wins over the mode', { hook: 'conda.post_command' }, 'ignore', 'hook point'],
  ['the manifest wins over the hook point', { hook: 'conda.post_command', manifest: { onFailure: 'disable' } }, 'disable', 'manifest'],
])('makeSubscription() takes onFailure: %s', (_, says, policy, source) => {
  const made = make(says);
  expect([made.onFailure, made.sources['onFailure']]).toEqual([policy, source]);
});

test.each<[string, Says, number, string]>([
  ['the hook point has one', {}, 5000, 'hook point'],
  ['a wish shortens it', { manifest: { timeoutMs: 100 } }, 100, 'manifest'],
  ['a wish cannot lengthen it', { entry: { timeoutMs: 60_000 } }, 5000, 'hook point'],
])('makeSubscription() takes the timeout when %s', (_, says, timeoutMs, source) => {
  const made = make(says);
  expect([made.timeoutMs, made.sources['timeoutMs']]).toEqual([timeoutMs, source]);
});

test.each<[string, Says, object, boolean]>([
  ['runFor alone', { manifest: { runFor: ['git'] } }, { command: 'git' }, true],
  ['runFor alone, other command', { manifest: { runFor: ['git'] } }, { command: 'rm' }, false],
  ['watchFor over the chain', { manifest: { watchFor: ['OSError'] } }, { errorClasses: ['PermissionError', 'OSError'] }, true],
  ['match and runFor, both hold', { manifest: { match: { cwd: '/x*' }, runFor: ['git'] } }, { command: 'git', cwd: '/xy' }, true],
  ['match and runFor, one fails', { manifest: { match: { cwd: '/x*' }, runFor: ['git'] } }, { command: 'rm', cwd: '/xy' }, false],
  ['match on the same field as runFor', { manifest: { match: { command: 'g*' }, runFor: ['git', 'rm'] } }, { command: 'rm' }, false],
  [
    'alternatives, each narrowed',
    { manifest: { match: [{ cwd: '/a' }, { cwd: '/b' }], runFor: ['git'] } },
    { command: 'rm', cwd: '/b' },
    false,
  ],
  ['the config replaces runFor', { manifest: { runFor: ['git'] }, entry: { runFor: ['rm'] } }, { command: 'rm' }, true],
])('makeSubscription() combines %s', (_, says, payload, expected) => {
  expect(compileMatch(make(says).match)(payload)).toBe(expected);
});

test('makeSubscription() without match hears everything', () => {
  expect(make({}).match).toBeUndefined();
});

test('makeSubscription() keeps a disabled subscription, to be shown as skipped', () => {
  expect(make({ entry: { mode: 'disabled' } })).toMatchObject({ mode: 'disabled', plugin: 'x', hook: HOOK, order: 3 });
});
