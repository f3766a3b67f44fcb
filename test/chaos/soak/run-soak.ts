import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { seededRandom } from '../../e2e/faults-host.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { readBooks } from './books.ts';
import { judge } from './checks.ts';
import { Crowd } from './crowd.ts';
import { SoakDaemon } from './daemon.ts';
import { fleet, type Ground, type Member, placeCatalog, placePlugin } from './fleet.ts';
import { type Known, marked } from './processes.ts';
import { type Program, setUpPrograms } from './programs.ts';
import type { MemoryPoint, SoakOptions, SoakResult } from './types.ts';
import { Violence } from './violence.ts';

const PROGRAMS: readonly Program[] = ['typescript', 'python', 'go', 'rust', 'perl', 'bash'];
/** Few plugins need no compiler. */
const SCRIPTS: readonly Program[] = ['typescript', 'python', 'perl', 'bash'];
const SCRIPTED = 6;
/** Share of the time in which the daemon itself is killed; after it, one daemon has to last. */
const KILLING = 0.5;
const KILL_EVERY_MS = 20_000;
const PAUSE_MS = 400;
/** When memory is measured first, as a share of the time: after warm-up. */
const WARM = 0.65;
const MEASURED = 4;
/** The daemon remembers the last thousand events: before it has seen more it grows, as it should. */
const WARM_EVENTS = 1500;

/** Runs the soak in a folder of its own. Rejects when it cannot be run; what it finds is in the result. */
export async function runSoak(options: SoakOptions): Promise<SoakResult> {
  const { plugins, log, seed } = options;
  const { programs, missing } = await setUpPrograms(plugins <= SCRIPTED ? SCRIPTS : PROGRAMS);
  for (const why of Object.values(missing)) log(`Without some plugins: ${why}`);
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'outrigger-soak-')));
  const ground: Ground = { folder, mark: basename(folder), programs };
  const members = fleet(plugins, programs);
  for (const name of ['home', 'run', 'ledgers']) mkdirSync(join(folder, name), { mode: 0o700 });
  placeCatalog(folder);
  for (const member of members) placePlugin(ground, member);
  log(`seed ${seed}, ${members.length} plugins, ${options.clients} clients, ${options.minutes} minutes, in ${folder}`);
  const daemon = new SoakDaemon(folder, ground.mark);
  const random = seededRandom(seed);
  const isPythonHere = programs.python !== undefined;
  const crowd = new Crowd({ folder, socket: daemon.socket, mark: `client-${seed}`, random, clients: options.clients, isPythonHere });
  const violence = new Violence({ ground, members, daemon, crowd, random });
  const clear = (): void => {
    crowd.clear();
    daemon.clear();
  };
  const abandon = (): void => {
    clear();
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', abandon);
  try {
    const result = await soak({ options, ground, members, daemon, crowd, violence });
    const isKept = options.keep === true || result.checks.some(({ isGood }) => !isGood);
    if (!isKept) rmSync(folder, { recursive: true, force: true });
    return { ...result, folder: isKept ? folder : undefined };
  } finally {
    clear();
    process.off('exit', abandon);
  }
}

interface Scene {
  readonly options: SoakOptions;
  readonly ground: Ground;
  readonly members: readonly Member[];
  readonly daemon: SoakDaemon;
  readonly crowd: Crowd;
  readonly violence: Violence;
}

async function soak(scene: Scene): Promise<Omit<SoakResult, 'folder'>> {
  const { options, ground, members, daemon, crowd, violence } = scene;
  await daemon.start();
  await crowd.open();
  const memory = await harm(scene);
  const metrics = await daemon.metrics();
  await crowd.close();
  const exitCode = await daemon.stop();
  const orphans: Known[] = [...daemon.orphans];
  await waitUntil(() => marked(ground.mark).length === 0, 'everything to be gone').catch(() => orphans.push(...marked(ground.mark)));
  const { reigns, leftovers, problems } = { reigns: daemon.reigns, leftovers: daemon.leftovers(), problems: daemon.problems() };
  const books = readBooks(ground.folder, members);
  const evidence = { members, books, reigns, killed: violence.killed, problems, memory, metrics, orphans, leftovers, exitCode };
  return { seed: options.seed, minutes: options.minutes, checks: judge(evidence), violence: violence.done, memory };
}

/** The soak itself: first with kills of the daemon, then with one that lasts and whose memory is watched. */
async function harm(scene: Scene): Promise<MemoryPoint[]> {
  const { options, daemon, crowd, violence } = scene;
  const { log, minutes } = options;
  const [begin, lengthMs] = [Date.now(), minutes * 60_000];
  for (const end = begin + KILLING * lengthMs; Date.now() < end; ) {
    await violence.rage(Math.min(end, Date.now() + Math.min(KILL_EVERY_MS, (KILLING * lengthMs) / 2)), PAUSE_MS);
    log(`${seconds(begin)} the daemon is killed`);
    await violence.killDaemon();
  }
  const lateness = await warmUp(scene, begin);
  const memory: MemoryPoint[] = [];
  for (let point = 0; point < MEASURED; point++) {
    const share = WARM + ((1 - WARM) * point) / (MEASURED - 1);
    await violence.rage(begin + lateness + share * lengthMs, PAUSE_MS);
    await violence.makePeace();
    await crowd.pause();
    await calm(daemon);
    memory.push(await daemon.memory());
    log(`${seconds(begin)} live ${memory.at(-1)?.liveKb} KiB, resident ${memory.at(-1)?.rssKb} KiB, ${memory.at(-1)?.events} events`);
    if (share < 1) await crowd.goOn();
  }
  return memory;
}

/** Until the daemon that is to last has seen enough. The result is how much longer that took than it should, in milliseconds; a minute at most. */
async function warmUp({ options, daemon, violence }: Scene, begin: number): Promise<number> {
  const due = begin + WARM * options.minutes * 60_000;
  await violence.rage(due, PAUSE_MS);
  const isJudged = options.minutes >= 1;
  while (isJudged && Date.now() < due + 60_000 && Number((await daemon.ask('status'))['events']) < WARM_EVENTS)
    await violence.rage(Date.now() + 1000, PAUSE_MS);
  return Date.now() - due;
}

/** Settles when nothing happens in the daemon, and every event has been delivered. */
async function calm(daemon: SoakDaemon): Promise<void> {
  const isCalm = async (): Promise<boolean> => {
    const { inFlight, plugins } = (await daemon.ask('status')) as { inFlight: number; plugins: { inFlight?: number; queued?: number }[] };
    return inFlight === 0 && plugins.every(({ inFlight = 0, queued = 0 }) => inFlight === 0 && queued === 0);
  };
  let since = Date.now();
  await waitUntil(
    async () => {
      if (!(await isCalm())) since = Date.now();
      return Date.now() - since > 1500;
    },
    'the daemon to have nothing to do',
    90_000,
  );
}

function seconds(begin: number): string {
  return `${((Date.now() - begin) / 1000).toFixed(0).padStart(4)} s`;
}
