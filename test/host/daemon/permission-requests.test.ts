import type { Permissions } from '@outrigger/schemas';
import { expect, test } from 'vitest';
import { LiveGrants } from '../../../host/daemon/live-grants.ts';
import {
  type AskPermission,
  type Consent,
  MAX_QUESTIONS,
  type PermissionQuestion,
  PermissionRequests,
  type RequestDeps,
} from '../../../host/daemon/permission-requests.ts';
import { REPORTS_PER_SECOND } from '../../../host/process/paced-report.ts';
import { waitUntil } from '../../support/wait-until.ts';

const OPTIONAL: Permissions = { services: ['storage', 'net/fetch'], net: ['*.example.com'], env: ['LANG', 'TZ'], secrets: ['TOKEN'] };
const { signal: never } = new AbortController();

function desk(answer: AskPermission | undefined, deps: Partial<RequestDeps> = {}) {
  const questions: PermissionQuestion[] = [];
  const logged: [string, unknown][] = [];
  const keep = (message: string, fields?: Readonly<Record<string, unknown>>): void => void logged.push([message, fields?.['reason']]);
  const grants = new LiveGrants({ registered: () => ({ services: ['storage'] }), starts: () => 1 });
  const ask: AskPermission | undefined =
    answer &&
    ((question) => {
      questions.push(question);
      return answer(question);
    });
  const log = { debug: keep, info: keep, warn: keep, error: keep };
  const requests = new PermissionRequests({ optional: () => OPTIONAL, grants, ask, record: async () => undefined, log, ...deps });
  const request = (permissions: Permissions, reason?: string, signal = never) =>
    requests.request('p', { permissions, ...(reason === undefined ? {} : { reason }) }, signal);
  return { request, questions, logged, grants };
}

test('request() grants what is granted already, and asks nobody', async () => {
  const { request, questions } = desk(() => 'no');

  expect(await request({ services: ['storage'] })).toEqual({ granted: true, effective: 'now' });
  expect(await request({})).toEqual({ granted: true, effective: 'now' });
  expect(questions).toEqual([]);
});

test('request() asks only for what is not granted yet, in plain words, and grants it', async () => {
  const { request, questions, grants } = desk(() => 'once');

  expect(await request({ services: ['storage', 'net/fetch'], net: ['api.example.com'] }, 'to look up names')).toEqual({
    granted: true,
    effective: 'now',
  });

  expect(questions).toMatchObject([
    { plugin: 'p', permissions: { services: ['net/fetch'], net: ['api.example.com'] }, reason: 'to look up names' },
  ]);
  expect(questions[0]?.lines.map(({ text }) => text).join()).toContain('api.example.com');
  expect(grants.of('p')).toEqual({ services: ['storage', 'net/fetch'], net: ['api.example.com'] });
});

test.each<[Consent, string[]]>([
  ['once', ['p until the host ends: {"env":["LANG"]}']],
  ['always', ['p for good: {"env":["LANG"]}']],
  ['no', []],
])('request() that is answered with "%s" tells %j', async (consent, told) => {
  const granted: string[] = [];
  const { request } = desk(() => consent, { onGranted: (plugin, what) => granted.push(`${plugin} ${what}`) });

  await request({ env: ['LANG'] });
  expect(granted).toEqual(told);
});

test('request() says that a variable waits for the next process', async () => {
  const { request } = desk(() => 'once');

  expect(await request({ env: ['LANG'] })).toEqual({ granted: true, effective: 'restart' });
  expect(await request({ env: ['LANG'] })).toEqual({ granted: true, effective: 'restart' });
});

test.each<[Permissions, string]>([
  [{ ipc: true }, '{"ipc":true}'],
  [{ env: ['LANG', 'HOME'] }, '{"env":["HOME"]}'],
  [{ net: ['example.org'] }, '{"net":["example.org"]}'],
  [{ secrets: ['OTHER'] }, '{"secrets":["OTHER"]}'],
])('request() refuses %j, which the manifest does not list, by name', async (permissions, unlisted) => {
  const { request, questions } = desk(() => 'always');

  await expect(request(permissions)).rejects.toMatchObject({
    code: 'PERMISSION_DENIED',
    message: `Cannot ask for ${unlisted}: the manifest of plugin "p" does not list it under optionalPermissions`,
  });
  expect(questions).toEqual([]);
});

test('request() means no where there is nobody to ask', async () => {
  const { request, logged } = desk(undefined);

  expect(await request({ env: ['LANG'] })).toEqual({ granted: false });
  expect(logged).toEqual([['permission refused', 'there is nobody to ask']]);
});

test('request() does not ask again for what was refused, in whatever order it is written', async () => {
  const { request, questions } = desk(() => 'no');

  for (const env of [
    ['LANG', 'TZ'],
    ['LANG', 'TZ'],
    ['TZ', 'LANG', 'TZ'],
  ])
    expect(await request({ env })).toEqual({ granted: false });

  expect(questions).toHaveLength(1);
});

test.each<[string, AskPermission]>([
  [
    'throws',
    () => {
      throw new Error('no window');
    },
  ],
  ['rejects', () => Promise.reject(new Error('no window'))],
  ['answers nonsense', () => 'yes' as Consent],
  ['answers nothing', () => undefined as unknown as Consent],
])('request() means no when whoever is asked %s', async (_, ask) => {
  const { request, grants } = desk(ask);

  expect(await request({ env: ['LANG'] })).toEqual({ granted: false });
  expect(grants.of('p')).toEqual({ services: ['storage'] });
});

test('request() means no when the answer does not come in time, and takes the question back', async () => {
  const { request, questions, grants } = desk(() => new Promise(() => undefined), { deadlineMs: 20 });

  expect(await request({ env: ['LANG'] })).toEqual({ granted: false });
  expect(questions[0]?.signal.aborted).toBe(true);
  expect(grants.of('p').env).toBeUndefined();
});

test('request() records what is granted for good, and says when that is not possible', async () => {
  const recorded: unknown[] = [];
  const record = async (plugin: string, permissions: Permissions): Promise<string | undefined> => {
    recorded.push([plugin, permissions]);
    return permissions.env === undefined ? undefined : 'it is in no lock file';
  };
  const { request, logged } = desk(() => 'always', { record });

  await request({ secrets: ['TOKEN'] });
  await request({ env: ['LANG'] });

  expect(recorded).toEqual([
    ['p', { secrets: ['TOKEN'] }],
    ['p', { env: ['LANG'] }],
  ]);
  expect(logged).toContainEqual(['permission granted until the host ends, and not for good', 'it is in no lock file']);
});

test(`request() puts at most ${MAX_QUESTIONS} questions of one plugin`, async () => {
  const names = Array.from({ length: 30 }, (_, index) => `host${index}.example.com`);
  const { request, questions, logged } = desk(() => 'no');

  for (const name of names) expect(await request({ net: [name] })).toEqual({ granted: false });

  expect(questions).toHaveLength(MAX_QUESTIONS);
  expect(logged.at(-1)).toEqual(['permission refused', `the plugin has asked ${MAX_QUESTIONS} times already`]);
});

test('request() does not let a plugin flood the log with what is refused', async () => {
  const { request, logged } = desk(undefined);

  for (let times = 0; times < 500; times++) expect(await request({ env: ['LANG'] })).toEqual({ granted: false });
  expect(logged).toHaveLength(REPORTS_PER_SECOND);
  await waitUntil(() => logged.length > REPORTS_PER_SECOND, 'the number of the others');

  expect(logged.at(-1)).toEqual(['permissions refused', 'more within one second']);
});

test('request() asks one question of a plugin at a time, and the same question once', async () => {
  const answers: ((consent: Consent) => void)[] = [];
  const { request, questions } = desk(() => new Promise((resolve) => answers.push(resolve)));
  const first = request({ env: ['LANG'] });
  const same = request({ env: ['LANG'] });
  const other = request({ env: ['TZ'] });
  await waitUntil(() => answers.length === 1, 'the first question');
  expect(questions).toHaveLength(1);

  answers[0]?.('once');
  await waitUntil(() => answers.length === 2, 'the second question');
  answers[1]?.('no');

  expect(await Promise.all([first, same, other])).toEqual([
    { granted: true, effective: 'restart' },
    { granted: true, effective: 'restart' },
    { granted: false },
  ]);
});

test('request() takes a question back when the last who waits for its answer has left, and asks again later', async () => {
  let consent: AskPermission = () => new Promise(() => undefined);
  const { request, questions } = desk((question) => consent(question));
  const [one, two] = [new AbortController(), new AbortController()];
  const asked = [request({ env: ['LANG'] }, undefined, one.signal), request({ env: ['LANG'] }, undefined, two.signal)];
  await waitUntil(() => questions.length === 1, 'the question');

  one.abort();
  await expect(asked[0]).rejects.toMatchObject({ code: 'EVENT_CANCELLED' });
  expect(questions[0]?.signal.aborted).toBe(false);
  two.abort();
  await expect(asked[1]).rejects.toMatchObject({ code: 'EVENT_CANCELLED' });
  expect(questions[0]?.signal.aborted).toBe(true);

  consent = () => 'once';
  expect(await request({ env: ['LANG'] })).toMatchObject({ granted: true });
});

test('request() shows the reason of a plugin as one line of plain text', async () => {
  const { request, questions } = desk(() => 'no');

  await request({ env: ['LANG'] }, `a\u001b[2Jb\r\nGrant it? yes\u202e\u2028c${'x'.repeat(1000)}`);

  expect(questions[0]?.reason).toMatch(/^ab Grant it\? yes cx+…$/);
  expect(questions[0]?.reason?.length).toBeLessThanOrEqual(501);
});
