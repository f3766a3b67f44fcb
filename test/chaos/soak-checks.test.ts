import type { Trace, TracedAnswer } from '@outrigger/schemas';
import { expect, test } from 'vitest';
import type { Books } from './soak/books.ts';
import { type Evidence, judge } from './soak/checks.ts';
import type { Member } from './soak/fleet.ts';
import type { Fired, Heard } from './soak/types.ts';

const MEMBERS: readonly Member[] = [
  { name: 'step', program: 'perl', hook: 'soak.step', mode: 'sequential' },
  { name: 'lookup', program: 'perl', hook: 'soak.lookup', mode: 'sequential' },
  { name: 'note', program: 'perl', hook: 'soak.note', mode: 'fire_and_forget', isSure: true },
];
const BEGIN = 1_000_000;
const KILLED = 2_000_000;

function fired(n: number, hook: string, more: Partial<Fired> = {}): Fired {
  return { client: 'c', n, hook, at: BEGIN + n, event: `e${n}`, status: 'continued', ...more };
}

function heard(n: number, hook: string): Heard {
  return { client: 'c', n, hook, event: `e${n}`, pid: 1, attempt: 1 };
}

function trace(n: number, hook: string, answers: readonly Partial<TracedAnswer>[]): [string, Trace] {
  return [`e${n}`, { event: `e${n}`, hook, time: new Date(KILLED + 20_000).toISOString(), answers } as unknown as Trace];
}

const FAILED = { plugin: 'lookup', status: 'failed', code: 'PLUGIN_EXITED', attempts: 2 } as const;
const BOOKS: Books = {
  fired: [
    fired(1, 'soak.note'),
    fired(2, 'soak.note'),
    fired(3, 'soak.step'),
    fired(4, 'soak.lookup', { failOpens: [{ plugin: 'lookup', code: 'PLUGIN_EXITED' }] }),
    { client: 'c', n: 5, hook: 'soak.note', at: KILLED + 10, error: 'HOST_STOPPED' },
  ],
  heard: new Map([
    ['note', [heard(1, 'soak.note'), heard(2, 'soak.note'), heard(2, 'soak.note')]],
    ['step', [heard(3, 'soak.step')]],
    ['lookup', [heard(4, 'soak.lookup'), heard(4, 'soak.lookup')]],
  ]),
  traces: new Map([trace(3, 'soak.step', [{ plugin: 'step', status: 'continued' }]), trace(4, 'soak.lookup', [FAILED])]),
  records: [
    { time: KILLED + 2000, kind: 'host', plugin: null, event: null, message: 'opened', data: {} },
    { time: KILLED + 3000, kind: 'exit', plugin: 'lookup', event: null, message: '', data: { signal: 'SIGKILL' } },
  ],
  spooled: [],
};
const GOOD: Evidence = {
  members: MEMBERS,
  books: BOOKS,
  reigns: [
    { pid: 1, from: BEGIN, to: KILLED, isKilled: true },
    { pid: 2, from: KILLED + 2000, to: KILLED + 200_000, isKilled: false },
  ],
  killed: [{ plugin: 'lookup', pid: 7, at: KILLED + 100_000 }],
  problems: [{ level: 'warn', message: 'plugin exited' }],
  memory: [100, 101, 109].map((size, place) => ({ at: place * 60_000, events: place, rssKb: size, liveKb: size })),
  metrics: 'outrigger_call_failures_total{plugin="lookup",hook="soak.lookup",code="PLUGIN_EXITED"} 1\n',
  orphans: [],
  leftovers: [],
  exitCode: 0,
};

function wrong(more: Partial<Evidence>, books: Partial<Books> = {}): string[] {
  const checks = judge({ ...GOOD, ...more, books: { ...BOOKS, ...books } });
  return checks.filter(({ isGood }) => !isGood).map(({ name }) => name);
}

function heardBy(plugin: string, ...calls: readonly Heard[]): Partial<Books> {
  return { heard: new Map([...BOOKS.heard, [plugin, calls]]) };
}

test('judge() finds nothing wrong where nothing is, a second try and a second delivery included', () => {
  expect(wrong({})).toEqual([]);
});

const [E1, E2, E3] = [heard(1, 'soak.note'), heard(2, 'soak.note'), heard(3, 'soak.step')];
const [LOOKUP] = [heard(4, 'soak.lookup')];

test.each<[string, string, Partial<Evidence>, Partial<Books>]>([
  ['an event that never came', 'no at-least-once event is lost', {}, heardBy('note', E1)],
  ['events that changed places', 'each client’s events reach a plugin in order', {}, heardBy('note', E2, E1)],
  ['a call made twice', 'no call is doubled', {}, heardBy('step', E3, E3)],
  ['one more try than the trace says', 'no call is doubled', {}, heardBy('lookup', LOOKUP, LOOKUP, LOOKUP)],
  ['an answer of somebody who was not asked', 'who answered was asked', {}, heardBy('step')],
  [
    'a plugin that was killed and has no end',
    'every plugin that was killed has its end on record',
    {},
    { records: BOOKS.records.slice(0, 1) },
  ],
  [
    'an error while the daemon served',
    'clients got errors only around a kill of the daemon',
    {},
    { fired: [{ ...fired(9, ''), error: 'X' }] },
  ],
  ['numbers that differ', '/metrics and the journal count the same failures', { metrics: '' }, {}],
  ['an orphan', 'no process, lock or socket is left', { orphans: [{ pid: 1, startedAt: '', command: 'perl' }] }, {}],
  ['a lock', 'no process, lock or socket is left', { leftovers: ['a.lock'] }, {}],
  ['a bad end', 'no process, lock or socket is left', { exitCode: 1 }, {}],
  ['an error in the log', 'the daemon reports no loss and no error of its own', { problems: [{ level: 'error', message: '' }] }, {}],
  [
    'memory that grows',
    'memory is flat after warm-up',
    { memory: [...GOOD.memory, { at: 90_000, events: 9, rssKb: 100, liveKb: 111 }] },
    {},
  ],
  ['memory never measured', 'memory is flat after warm-up', { memory: [] }, {}],
])('judge() sees %s', (_, name, evidence, books) => {
  expect(wrong(evidence, books)).toContain(name);
});

test('judge() sees a failure that no trace has, but not one of the last moments of a daemon that was killed', () => {
  const name = 'every failure a client saw is in a trace';
  const failure = { event: 'e9', failOpens: [{ plugin: 'step', code: 'PLUGIN_EXITED' }] };
  expect(wrong({}, { fired: [fired(9, 'soak.step', { ...failure, at: KILLED - 60_000 })] })).toEqual([name]);
  expect(wrong({}, { fired: [fired(9, 'soak.step', { ...failure, at: KILLED - 100 })] })).toEqual([]);
});

test('judge() lets an event go that was set aside on record', () => {
  const record = { time: BEGIN, kind: 'delivery', plugin: 'note', event: 'e2', message: '', data: {} };
  expect(wrong({}, { ...heardBy('note', E1), records: [...BOOKS.records, record] })).toEqual([]);
});
