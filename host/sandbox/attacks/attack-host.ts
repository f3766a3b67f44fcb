import { createInterface } from 'node:readline';
import type { Config } from '@outrigger/schemas';
import type { Logger } from '../../protocol/types.ts';
import { findLimiter } from '../limits/limiter.ts';
import { chooseDriver } from '../machine/choose-driver.ts';
import { needsOf } from '../policy/policy.ts';
import type { DriverName, Grade, Guarantee, Hold } from '../types.ts';
import type { Fixtures } from './attack-fixtures.ts';
import { judgeLayers, kernelUidBelow, type Layer, type LayerFacts } from './attack-layers.ts';
import type { Attack, Interpreter, Language } from './attack-programs.ts';
import { attackPolicy, type Ground, runProgram } from './attack-run.ts';
import { type AttackResult, judge } from './attack-verdict.ts';
import { Witness } from './attack-witness.ts';

/** What this process is told on stdin. */
export interface AttackJob {
  readonly fixtures: Fixtures;
  /** `auto`: the one that would be chosen; `none`: no sandbox. */
  readonly driver: DriverName | 'auto' | 'none';
  readonly settings: Config['sandbox'];
  readonly attacks: readonly Attack[];
  readonly interpreters: Readonly<Partial<Record<Language, Interpreter>>>;
  readonly expect: readonly string[];
}

/** What holds the attacks, told before the first. */
export interface GroundFacts {
  readonly driver: DriverName | 'none';
  readonly version: string;
  readonly grade: Grade | 'none';
  readonly enforces: readonly Guarantee[];
  readonly limits: 'hard' | 'soft' | 'none';
  readonly limiter: string;
  readonly isRoot: boolean;
  readonly layers: readonly Layer[];
}

/** One line on stdout. */
export type HostLine =
  | { readonly kind: 'ground'; readonly ground: GroundFacts }
  | { readonly kind: 'none'; readonly why: string; readonly fix: string }
  | { readonly kind: 'begun'; readonly at: number }
  | { readonly kind: 'done'; readonly result: AttackResult };

const SILENT: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const DEADLINE_MS = 30_000;
const STOP_MS = 10_000;
const BOMB_DEADLINE_MS = 90_000;

/** A host with secrets in its environment and a file left open, which runs attacks as its plugins, one after the other. */
async function main(): Promise<void> {
  const job = JSON.parse(await firstLine()) as AttackJob;
  const witness = new Witness(job.fixtures);
  const stop = new AbortController();
  const end = (): void => {
    stop.abort();
    // In order, so that nothing is left; but not for ever.
    setTimeout(() => process.exit(1), STOP_MS).unref();
  };
  // Whoever started this has gone, or wants it to.
  process.stdin.on('end', end);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, end);
  try {
    const ground = await prepare(job, stop.signal);
    if (ground !== undefined) await attack(job, ground, witness);
  } finally {
    witness.close();
  }
  process.exit(0);
}

async function attack(job: AttackJob, ground: Ground, witness: Witness): Promise<void> {
  await witness.open();
  say({ kind: 'ground', ground: await describe(ground, job) });
  for (const [at, one] of job.attacks.entries()) {
    if (ground.signal.aborted) return;
    say({ kind: 'begun', at });
    say({ kind: 'done', result: await attempt(one, { ground, witness, interpreters: job.interpreters }) });
  }
}

async function prepare({ driver, fixtures, settings }: AttackJob, signal: AbortSignal): Promise<Ground | undefined> {
  const ground = { fixtures, settings, log: SILENT, signal };
  if (driver === 'none') return { ...ground, driver: undefined };
  const choice = await chooseDriver(needsOf(attackPolicy({ fixtures, settings }, {})), {
    settings: { ...settings, driver },
    cacheDir: undefined,
  });
  if (choice.driver !== undefined) return { ...ground, driver: choice.driver };
  say({ kind: 'none', why: choice.why, fix: choice.fix });
  return undefined;
}

interface Around extends Pick<AttackJob, 'interpreters'> {
  readonly ground: Ground;
  readonly witness: Witness;
}

async function attempt(attack: Attack, { ground, witness, interpreters }: Around): Promise<AttackResult> {
  const interpreter = interpreters[attack.language];
  if (interpreter === undefined) throw new Error(`No interpreter of ${attack.language} was given`);
  const grants = attack.grants ?? {};
  const { limits } = attackPolicy(ground, grants);
  const facts = { ...ground.fixtures.facts, ...witness.begin(), limits };
  const deadlineMs = attack.bomb ? BOMB_DEADLINE_MS : DEADLINE_MS;
  const run = await runProgram({ interpreter, words: ['run', attack.id], input: JSON.stringify(facts), grants, deadlineMs }, ground);
  return judge(attack, run, await witness.end(run.output));
}

async function describe(ground: Ground, job: AttackJob): Promise<GroundFacts> {
  const { driver } = ground;
  const limiter = findLimiter();
  const { layers, hold } = await lookAtLayers(ground, job);
  const found = driver === undefined ? undefined : await driver.probe();
  return {
    driver: driver?.name ?? 'none',
    version: found?.version ?? '',
    grade: driver?.grade ?? 'none',
    enforces: found?.ok ? [...found.enforces] : [],
    limits: hold?.limits ?? 'none',
    limiter: driver === undefined ? 'none' : limiter.label,
    isRoot: process.geteuid?.() === 0,
    layers,
  };
}

async function lookAtLayers(ground: Ground, { expect }: AttackJob): Promise<{ layers: Layer[]; hold: Hold | undefined }> {
  const { driver, fixtures } = ground;
  let kernelUid: number | undefined;
  const run = await runProgram(
    {
      interpreter: { command: process.execPath, args: [], program: 'attacks.mjs' },
      words: ['layers'],
      input: '{}',
      grants: {},
      deadlineMs: DEADLINE_MS,
      onAnswer: (pid) => {
        kernelUid = kernelUidBelow(pid);
      },
    },
    ground,
  );
  const layers = judgeLayers({
    facts: run.answer as LayerFacts | undefined,
    driver: driver?.name,
    hostNamespaces: fixtures.facts.namespaces,
    limits: attackPolicy(ground, {}).limits,
    hold: run.hold,
    hasHardMemory: findLimiter().hard.has('memory'),
    kernelUid,
    expect,
  });
  return { layers, hold: run.hold };
}

function firstLine(): Promise<string> {
  return new Promise((resolve) => createInterface({ input: process.stdin }).once('line', resolve));
}

function say(line: HostLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

await main();
