import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { commandTarget } from '../../../host/conformance/make-target.ts';
import { runChecks } from '../../../host/conformance/run-checks.ts';
import type { Report, TestOptions } from '../../../host/conformance/types.ts';

const SINNER = fileURLToPath(new URL('../../conformance/sinner.mjs', import.meta.url));
const PROBE = fileURLToPath(new URL('../../conformance/probe-sinner.mjs', import.meta.url));

async function judge(sin: string, options: TestOptions = {}): Promise<Report> {
  const place = { cwd: process.cwd(), env: process.env, cacheDir: '/nonexistent' };
  return runChecks(await commandTarget(['node', SINNER, sin], { ...place, hooks: ['conda.pre_command'] }), options);
}

async function judgeProbe(sin: string): Promise<Report> {
  const place = { cwd: process.cwd(), env: process.env, cacheDir: '/nonexistent' };
  return runChecks(await commandTarget(['node', PROBE, sin], { ...place, hooks: ['probe.call'], concurrency: 8 }));
}

const failures = ({ findings }: Report): string[] => findings.filter(({ status }) => status === 'fail').map(({ id }) => id);

test('runChecks() passes a plugin that does everything right', async () => {
  const report = await judge('');

  expect(failures(report)).toEqual([]);
  expect(report).toMatchObject({ level: 2, ok: true, failed: 0 });
  expect(report.passed).toBeGreaterThan(18);
});

test.each([
  ['bad-hello', ['W1']],
  ['answers-twice', ['W6']],
  ['answers-nobody', ['W5']],
  ['logs-later', ['S4']],
  ['answers-notifications', ['W4']],
  ['text-ids', ['W6']],
  ['prints', ['W5']],
  ['exits-badly', ['W7']],
  ['outlives-stdin', ['W8', 'S8']],
  ['dies-of-nonsense', ['W9']],
  ['silent-at-unknown', ['W3']],
  ['bad-answer', ['H1', 'H7']],
  ['blocks-foreign', ['H2']],
  ['crashes-at-payload', ['H4']],
  ['not-writable', ['H7']],
  ['bad-log', ['S4']],
])('runChecks() notices the plugin that %s', { timeout: 60_000 }, async (sin, ids) => {
  expect(failures(await judge(sin))).toEqual(expect.arrayContaining(ids));
});

test('runChecks() passes a probe that does everything right, in all there is', async () => {
  expect(await judgeProbe('')).toMatchObject({ level: 2, failed: 0, notClaimed: 0, passed: 26 });
});

test.each([
  ['one-at-a-time', ['H3']],
  ['swallows-failures', ['H4']],
  ['answers-notify', ['H5']],
  ['garbles', ['H6']],
  ['reads-chunks', ['W10']],
  ['never-cancels', ['S1']],
  ['deaf-to-config', ['S2']],
  ['shuts-down-first', ['S3']],
  ['bad-progress', ['S5']],
  ['reuses-ids', ['W5']],
  ['dies-of-late-answers', ['S6']],
  ['never-declines', ['S7']],
  ['lingers', ['S8']],
  ['deaf-while-busy', ['S9']],
])('runChecks() notices the probe that %s', { timeout: 60_000 }, async (sin, ids) => {
  expect(failures(await judgeProbe(sin))).toEqual(expect.arrayContaining(ids));
});

test('runChecks() shows the messages before a failure', async () => {
  const { findings } = await judge('bad-answer');

  const { reason, exchange = [] } = findings.find(({ id }) => id === 'H1') ?? {};

  expect(reason).toMatch(/^the answer to "conda.pre_command" is not valid/);
  expect(exchange.length).toBeLessThanOrEqual(20);
  expect(exchange.at(-1)).toMatchObject({ from: 'plugin', text: expect.stringContaining('explode') });
});

test('runChecks() shows what a plugin said on stderr before it ended', async () => {
  const { findings } = await judge('throws');

  const texts = findings[0]?.exchange?.map(({ text }) => text) ?? [];
  expect(texts).toContain('on stderr: Error: no luck');
});

test('runChecks() passes a plugin that declined, and claims nothing that takes a plugin that serves', async () => {
  const report = await judge('declines');

  expect(failures(report)).toEqual([]);
  const statuses = report.findings.map(({ id, status }) => [id, status]);
  expect(statuses.filter(([, status]) => status === 'pass')).toEqual([
    ['W1', 'pass'],
    ['W5', 'pass'],
    ['S7', 'pass'],
  ]);
  expect(report.findings.find(({ id }) => id === 'W2')).toMatchObject({
    status: 'not-claimed',
    reason: 'it declined: there is no licence',
  });
  expect(report.ok).toBe(true);
});

test('runChecks() judges no further than the level that was asked for', async () => {
  const report = await judge('', { level: 0 });

  expect(report.findings.filter(({ level }) => level > 0).every(({ status }) => status === 'not-claimed')).toBe(true);
});

test('runChecks() fails what is left when its time is over', async () => {
  const { findings } = await judge('', { timeoutMs: 0 });

  expect(findings.find(({ id }) => id === 'W2')).toMatchObject({ status: 'fail', reason: 'the time for the whole run was over' });
});

test('runChecks() says that a program that cannot be started has no process to try', async () => {
  const report = await runChecks(await commandTarget(['false'], { cwd: process.cwd(), env: process.env, cacheDir: '/nonexistent' }));

  expect(report.findings[0]).toMatchObject({ id: 'W1', status: 'fail', reason: expect.stringContaining('the process ended with code 1') });
  expect(report.findings[1]?.reason).toBe('there is no process to try it with: see W1');
  expect(report.passed).toBe(0);
});
