import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect } from 'vitest';
import { readAllTraces } from '../../host/journal/read-journal.ts';
import { DaemonPlaceUnderTest } from '../e2e/daemon-process.ts';
import { testWith } from '../support/needs.ts';
import { waitUntil } from '../support/wait-until.ts';

const SOURCE = fileURLToPath(new URL('shift-clock.c', import.meta.url));
const DAY_S = 24 * 60 * 60;
const HOOK = 'conda.post_command';
const SURE = { [HOOK]: { mode: 'fire_and_forget', delivery: 'at-least-once' } };
/** Slow enough for events to wait. */
const SLOW = '() => new Promise((resolve) => setTimeout(() => resolve({}), 2500))';
let place: DaemonPlaceUnderTest;

beforeEach(() => {
  place = new DaemonPlaceUnderTest();
});

afterEach(() => place.clear(), 60_000);

/** The daemons of this place live by a clock that `jump()` sets. */
function ownClock(): (days: number) => void {
  const [library, file] = [place.path('shift-clock.so'), place.path('shift')];
  execFileSync('gcc', ['-shared', '-fPIC', '-O1', '-o', library, SOURCE]);
  const jump = (days: number): void => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(days * DAY_S));
    // In place: the daemon has this very file before its eyes.
    writeFileSync(file, bytes, { flag: 'r+' });
  };
  writeFileSync(file, Buffer.alloc(8));
  Object.assign(place.env, { LD_PRELOAD: library, SHIFT_CLOCK: file });
  return jump;
}

function told(): string[] {
  return place.events('sure').map(({ payload }) => (payload['args'] as string[])[0] ?? '');
}

function yearIn(days: number): number {
  return new Date(Date.now() + 1000 * days * DAY_S).getUTCFullYear();
}

type Client = Awaited<ReturnType<DaemonPlaceUnderTest['client']>>;

async function emit(client: Client, ...names: readonly string[]): Promise<void> {
  for (const name of names) {
    const { result } = await client.ask('emit', { hook: HOOK, payload: { command: 'ls', args: [name] } });
    expect(result).toMatchObject({ status: 'continued' });
  }
}

/** The traces in the journal: the year of each. */
async function tracedYears(): Promise<number[]> {
  const journal = place.path('home', '.local', 'share', 'outrigger', 'journal.db');
  return (await readAllTraces({ file: undefined, journal })).map(({ time }) => new Date(time).getUTCFullYear());
}

const TITLE = 'a clock that jumps forward and back, under the daemon and between two, loses no event and changes no order';
testWith('gcc', 'gcc')(
  TITLE,
  async () => {
    place.plugin('sure', SURE, SLOW);
    const jump = ownClock();
    const first = await place.up();
    const client = await place.client();
    await emit(client, 'today');
    await waitUntil(async () => (await tracedYears()).length === 1, 'the journal to be open', 40_000);
    jump(400);
    await emit(client, 'next year');
    jump(-400);
    await emit(client, 'last year', 'and again', 'and once more', 'and at last');
    await waitUntil(async () => (await tracedYears()).length === 6, 'the traces to be written', 40_000);
    first.child.kill('SIGKILL');
    await first.ended;
    expect(told().length).toBeLessThan(6);

    jump(0);
    const next = await place.up();
    await emit(await place.client(), 'today again');
    await waitUntil(() => told().includes('today again'), 'the last event to be told', 60_000);
    const names = ['today', 'next year', 'last year', 'and again', 'and once more', 'and at last', 'today again'];
    expect([...new Set(told())]).toEqual(names);
    await waitUntil(async () => (await tracedYears()).length === 7, 'the last trace to be written', 40_000);
    expect(await tracedYears()).toEqual([0, 400, -400, -400, -400, -400, 0].map(yearIn));
    expect(first.log.text + next.log.text).not.toMatch(/journal.maxAgeDays|"level":"error"/);
  },
  240_000,
);
