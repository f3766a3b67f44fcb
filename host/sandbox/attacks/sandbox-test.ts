import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Config } from '@outrigger/schemas';
import { HostError } from '../../protocol/errors.ts';
import type { DriverName } from '../types.ts';
import { type Fixtures, makeFixtures, removeFixtures, STRAY_SHELL } from './attack-fixtures.ts';
import type { AttackJob, GroundFacts, HostLine } from './attack-host.ts';
import { type Attack, findInterpreter, type Interpreter, type Language, listAttacks } from './attack-programs.ts';
import { failuresOf } from './attack-scores.ts';
import { type AttackResult, judge } from './attack-verdict.ts';

export interface SandboxTestOptions {
  /** `auto`: the one that would be chosen; `none`: no sandbox, to see that the attacks work. */
  readonly driver: DriverName | 'auto' | 'none';
  readonly settings: Config['sandbox'];
  /** Also those that take memory, processors and disk in earnest: at most 2 GiB, 500 processes, 1 GiB of disk. */
  readonly bombs: boolean;
  /** An id, or a part of one with `*`; undefined: all. */
  readonly only: string | undefined;
  readonly languages: readonly Language[];
  /** Layers that must be engaged beside those that the driver promises. */
  readonly expect: readonly string[];
  /** Told of each result as it comes. */
  readonly onResult?: (result: AttackResult, done: number, total: number) => void;
  /** Ends the run and takes everything away. */
  readonly signal?: AbortSignal;
}

export interface SandboxTestResult {
  readonly ground: GroundFacts;
  readonly results: readonly AttackResult[];
  /** Languages whose attacks did not run, for want of an interpreter. */
  readonly missing: readonly Language[];
  /** Why it did not pass; none: it passed. */
  readonly failures: readonly string[];
}

/** How long one attack may keep the host from saying anything, in ms. Above every deadline that the host itself keeps. */
const SILENCE_MS = 150_000;
/** The descriptor that is left open on purpose: Node closes the first sixteen by itself, and those that follow without a gap. */
const STRAY = 251;

/** Runs the attacks on a sandbox, as plugins of a host that has something to lose. Throws PLUGIN_REFUSED when there is no such sandbox here. */
export async function runSandboxTest(options: SandboxTestOptions): Promise<SandboxTestResult> {
  const { interpreters, missing } = findInterpreters(options.languages);
  const suites = (Object.entries(interpreters) as [Language, Interpreter][]).map(([language, interpreter]) =>
    listAttacks(language, interpreter).filter(({ id, bomb }) => (options.bombs || !bomb) && isMatch(id, options.only)),
  );
  const attacks = suites.flat();
  if (attacks.length === 0) throw new HostError('CONFIG_INVALID', `Cannot run the attacks: none is called "${options.only ?? '*'}"`);
  // Two languages at a time, but not two bombs.
  const parts = options.bombs ? [attacks] : suites.filter((suite) => suite.length > 0);
  let done = 0;
  const onResult = (result: AttackResult): void => {
    done += 1;
    options.onResult?.(result, done, attacks.length);
  };
  const ended = await Promise.allSettled(
    parts.map((suite) => runSuite({ attacks: suite, interpreters, options: { ...options, onResult } })),
  );
  const runs = ended.map((end) => {
    if (end.status === 'rejected') throw end.reason;
    return end.value;
  });
  const results = runs.flatMap((run) => run.results);
  const [first] = runs;
  if (first === undefined) throw new HostError('INTERNAL_ERROR', 'Cannot run the attacks: no host was started');
  const failures = [
    ...failuresOf(first.ground, results),
    ...missing.map((language) => `the attacks in ${language} did not run: it is not installed`),
  ];
  return { ground: first.ground, results, missing, failures };
}

async function runSuite(suite: Omit<Run, 'fixtures'>): Promise<{ ground: GroundFacts; results: AttackResult[] }> {
  const fixtures = makeFixtures();
  try {
    return await runAll({ ...suite, fixtures });
  } finally {
    removeFixtures(fixtures);
  }
}

/** True when the id is meant: `*` stands for any text. Pure. */
export function isMatch(id: string, only: string | undefined): boolean {
  if (only === undefined) return true;
  const pattern = only.split('*').map((part) => part.replace(/[^\w.-]/g, '\\$&').replaceAll('.', '\\.'));
  return new RegExp(`^${pattern.join('.*')}$`).test(id);
}

function findInterpreters(languages: readonly Language[]): { interpreters: AttackJob['interpreters']; missing: Language[] } {
  const found = languages.map((language) => [language, findInterpreter(language)] as const);
  return {
    interpreters: Object.fromEntries(found.filter(([, interpreter]) => interpreter !== undefined)),
    missing: found.filter(([, interpreter]) => interpreter === undefined).map(([language]) => language),
  };
}

interface Run {
  readonly attacks: readonly Attack[];
  readonly interpreters: AttackJob['interpreters'];
  readonly fixtures: Fixtures;
  readonly options: SandboxTestOptions & { readonly onResult: (result: AttackResult) => void };
}

/** An attack that ends the host got through; the others go on under a new one. */
async function runAll(run: Run): Promise<{ ground: GroundFacts; results: AttackResult[] }> {
  const results: AttackResult[] = [];
  const onResult = (result: AttackResult): void => {
    results.push(result);
    run.options.onResult(result);
  };
  let ground: GroundFacts | undefined;
  do {
    const left = run.attacks.slice(results.length);
    const end = await runHost({ ...run, attacks: left }, onResult);
    ground ??= end.ground;
    if (ground === undefined) throw new HostError('PLUGIN_REFUSED', `Cannot run the attacks: ${end.why}`);
    const killer = run.attacks[results.length];
    if (killer !== undefined && !end.hasBegun) throw new HostError('INTERNAL_ERROR', `Cannot go on with the attacks: ${end.why}`);
    if (killer !== undefined) onResult(hostEnded(killer, end.why));
  } while (results.length < run.attacks.length);
  return { ground, results };
}

function hostEnded(attack: Attack, why: string): AttackResult {
  return judge(attack, { answer: undefined, output: '', exit: { code: 0 }, isLate: false, hold: undefined }, [`the host ended: ${why}`]);
}

interface HostEnd {
  readonly ground: GroundFacts | undefined;
  /** An attack was running, or had been. */
  readonly hasBegun: boolean;
  /** How it ended; of use when it ended early. */
  readonly why: string;
}

/** One life of the host that runs attacks. Settles when it has ended. */
async function runHost({ attacks, interpreters, fixtures, options }: Run, onResult: (result: AttackResult) => void): Promise<HostEnd> {
  options.signal?.throwIfAborted();
  const child = startHost(fixtures);
  const stop = (): void => void child.kill('SIGTERM');
  options.signal?.addEventListener('abort', stop, { once: true });
  let silence = setTimeout(stop, SILENCE_MS);
  const job: AttackJob = {
    ...{ fixtures, attacks, interpreters },
    driver: options.driver,
    settings: options.settings,
    expect: options.expect,
  };
  child.stdin?.on('error', () => {}).write(`${JSON.stringify(job)}\n`);
  let ground: GroundFacts | undefined;
  let hasBegun = false;
  let refusal = '';
  let stderr = '';
  child.stderr?.on('data', (text) => {
    stderr = `${stderr}${text}`.slice(-2000);
  });
  if (child.stdout === null) throw new Error('The host of the attacks has no stdout');
  createInterface({ input: child.stdout }).on('line', (text) => {
    clearTimeout(silence);
    silence = setTimeout(stop, SILENCE_MS);
    const line = JSON.parse(text) as HostLine;
    if (line.kind === 'ground') ground = line.ground;
    if (line.kind === 'begun') hasBegun = true;
    if (line.kind === 'none') refusal = `${line.why}; ${line.fix}`;
    if (line.kind === 'done') onResult(line.result);
  });
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once('error', reject).once('close', (...end) => resolve(end));
  });
  clearTimeout(silence);
  options.signal?.removeEventListener('abort', stop);
  options.signal?.throwIfAborted();
  return { ground, hasBegun, why: refusal || stderr.trim() || `${signal ?? `code ${code}`}` };
}

/** A Node of its own, for what it is started with is what the attacks look for: a secret in its environment, a file left open. */
function startHost({ canary, facts }: Fixtures): ChildProcess {
  const file = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './attack-host.ts' : './attack-host.js', import.meta.url));
  const source = file.endsWith('.ts') ? ['--conditions=@outrigger/source'] : [];
  const secret = openSync(canary.file, 'r');
  try {
    const leave = facts.hasStray ? `exec ${STRAY}<&3; ` : '';
    const words = ['-c', `${leave}exec 3<&-; exec "$@"`, 'sh', '/usr/bin/env', `${canary.name}=${canary.value}`];
    return spawn(facts.hasStray ? STRAY_SHELL : '/bin/sh', [...words, process.execPath, ...source, file], {
      stdio: ['pipe', 'pipe', 'pipe', secret],
    });
  } finally {
    closeSync(secret);
  }
}
