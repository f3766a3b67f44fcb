import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Config } from '@outrigger/schemas';
import type { Exit, LaunchSpec } from '../../process/types.ts';
import { HostError } from '../../protocol/errors.ts';
import type { Logger } from '../../protocol/types.ts';
import { enclose } from '../enclose.ts';
import { makeFolders, makePolicy } from '../policy/policy.ts';
import type { Hold, Policy, SandboxDriver } from '../types.ts';
import type { Fixtures } from './attack-fixtures.ts';
import type { Attack, Interpreter } from './attack-programs.ts';

/** What every attack of a run has in common. */
export interface Ground {
  readonly fixtures: Fixtures;
  /** Undefined: no sandbox at all, to see that the attacks work. */
  readonly driver: SandboxDriver | undefined;
  readonly settings: Config['sandbox'];
  readonly log: Logger;
  /** Kills the program that runs. */
  readonly signal: AbortSignal;
}

export interface ProgramRun {
  /** The first line on stdout, when it is JSON. */
  readonly answer: unknown;
  /** All it wrote, bounded. */
  readonly output: string;
  readonly exit: Exit;
  /** It was still running at its deadline, and was killed. */
  readonly isLate: boolean;
  readonly hold: Hold | undefined;
}

export interface ProgramCall {
  readonly interpreter: Interpreter;
  readonly words: readonly string[];
  /** Given on stdin; then it is closed. */
  readonly input: string;
  readonly grants: NonNullable<Attack['grants']>;
  readonly deadlineMs: number;
  /** Called at the first line, while the program may still run; stdin is closed after it. */
  readonly onAnswer?: (pid: number) => void;
}

interface Running {
  readonly pid: number | undefined;
  readonly stdin: NodeJS.WritableStream;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exited: Promise<Exit>;
  readonly hold: Hold | undefined;
  kill(): void;
}

const MAX_OUTPUT = 1 << 20;
/** How long output may come after the end of the process, in ms: the machine may be busy. */
const DRAIN_MS = 5000;

/** Runs one attack program the way a plugin runs: policy, driver, enclosure; or bare. Throws PLUGIN_REFUSED when the policy is refused. */
export async function runProgram(call: ProgramCall, ground: Ground): Promise<ProgramRun> {
  const running = ground.driver === undefined ? startBare(call, ground) : startConfined(call, ground, ground.driver);
  const output = new Collected(running.stdout, running.stderr);
  ground.signal.addEventListener('abort', running.kill, { once: true });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    running.kill();
  }, call.deadlineMs);
  running.stdin.on('error', () => {});
  running.stdin.write(`${call.input}\n`);
  if (call.onAnswer === undefined) running.stdin.end();
  else void Promise.race([output.firstLine, running.exited]).then(() => answered(call, running));
  const exit = await running.exited;
  clearTimeout(timer);
  ground.signal.removeEventListener('abort', running.kill);
  await output.drained();
  return { answer: output.answer(), output: output.text(), exit, isLate, hold: running.hold };
}

function answered({ onAnswer }: ProgramCall, { pid, stdin }: Running): void {
  onAnswer?.(pid ?? 0);
  stdin.end();
}

/** What an attack may do by its grants, with the default limits. Throws PLUGIN_REFUSED. */
export function attackPolicy({ fixtures, settings }: Pick<Ground, 'fixtures' | 'settings'>, grants: NonNullable<Attack['grants']>): Policy {
  const { facts, plugin } = fixtures;
  const result = makePolicy({
    plugin: 'sandbox-test',
    directory: plugin,
    hash: undefined,
    granted: {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the manifest's own way to name its data folder
      fs: { read: [facts.read, `${facts.workspace}/agent`], write: [facts.write, '${data}'] },
      ...(grants.run ? { run: ['sh'] } : {}),
      ...(grants.ipc ? { ipc: true } : {}),
      ...(grants.net ? { net: ['granted.example'] } : {}),
    },
    limits: undefined,
    settings,
    places: { workspace: facts.workspace, config: facts.workspace, dataDir: facts.stateFolder, cacheDir: undefined, home: facts.home },
  });
  if ('policy' in result) return result.policy;
  throw new HostError('PLUGIN_REFUSED', `Cannot run the attacks: their own policy is refused: ${result.refusals.join('; ')}`);
}

function startConfined(call: ProgramCall, ground: Ground, driver: SandboxDriver): Running {
  const policy = attackPolicy(ground, call.grants);
  makeFolders(policy);
  const spec: LaunchSpec = { plugin: policy.plugin, ...command(call, policy.directory), cwd: policy.directory, env: {} };
  const child = enclose(policy.plugin, driver.confine(spec, policy), { log: ground.log, onDenied: () => {} });
  return {
    pid: child.pid,
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    exited: child.exited,
    hold: child.hold,
    kill: () => child.signal('SIGKILL'),
  };
}

/** As careless hosts start plugins: with their environment, their descriptors and their rights. A shell stands for the wrapper. */
function startBare(call: ProgramCall, { fixtures }: Ground): Running {
  const { command: file, args } = command(call, fixtures.plugin);
  const child = spawn('/bin/sh', ['-c', '"$@"; exit $?', 'sh', file, ...args], { detached: true, stdio: 'pipe', cwd: fixtures.plugin });
  const exited = new Promise<Exit>((resolve) => {
    child.once('error', (error) => resolve({ error }));
    child.once('exit', (code, signal) => resolve(signal === null ? bareExit(code ?? 0) : { signal }));
  });
  const kill = (): void => {
    // Its own end may be known to the kernel already and not yet here.
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) killGroup(child.pid);
  };
  return { pid: child.pid, stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, exited, hold: undefined, kill };
}

function command({ interpreter, words }: ProgramCall, directory: string): { command: string; args: string[] } {
  return { command: interpreter.command, args: [...interpreter.args, `${directory}/${interpreter.program}`, ...words] };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // ESRCH: nothing is left.
  }
}

/** What a shell says of a command that a signal ended. */
function bareExit(code: number): Exit {
  const signals = process.getBuiltinModule('node:os').constants.signals;
  const found = Object.entries(signals).find(([, number]) => number === code - 128);
  return found === undefined ? { code } : { signal: found[0] as NodeJS.Signals };
}

class Collected {
  readonly firstLine: Promise<void>;
  readonly #parts: { out: string; err: string } = { out: '', err: '' };
  readonly #ended: Promise<unknown>;

  constructor(stdout: Readable, stderr: Readable) {
    const closed = (stream: Readable): Promise<void> => new Promise((resolve) => stream.once('close', resolve).once('end', resolve));
    this.#ended = Promise.all([closed(stdout), closed(stderr)]);
    stderr.on('data', (part) => this.#add('err', part));
    this.firstLine = new Promise((resolve) => {
      stdout.on('data', (part) => {
        this.#add('out', part);
        if (this.#parts.out.includes('\n')) resolve();
      });
    });
  }

  /** A process that was left behind may hold the streams for ever: it is not waited for. */
  async drained(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([this.#ended, new Promise((resolve) => (timer = setTimeout(resolve, DRAIN_MS)))]);
    clearTimeout(timer);
  }

  answer(): unknown {
    try {
      return JSON.parse(this.#parts.out.split('\n')[0] ?? '');
    } catch {
      return undefined;
    }
  }

  text(): string {
    return `${this.#parts.out}${this.#parts.err}`;
  }

  #add(to: 'out' | 'err', part: unknown): void {
    if (this.#parts[to].length < MAX_OUTPUT) this.#parts[to] += String(part);
  }
}
