import { spawn } from 'node:child_process';
import { findProgram } from '../process/launch.ts';
import { plainText } from '../process/plain-text.ts';
import { HostError } from '../protocol/errors.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The secret store of the operating system; entries are found under the service `outrigger`. Everything rejects with STORAGE_FAILED. */
export interface Keyring {
  /** Undefined: it has no such entry. */
  get(name: string, timeoutMs: number): Promise<string | undefined>;
  set(name: string, value: string, timeoutMs: number): Promise<void>;
  remove(name: string, timeoutMs: number): Promise<void>;
}

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const SERVICE = 'outrigger';
const MAX_OUTPUT = 1024 * 1024;
/** `security -i` reads lines into a buffer of 4096. */
const LONGEST_MACOS = 2048;
const NOT_FOUND_MACOS = 44;

/** The keyring's program where there is one; whether it works shows when it is used. */
export function findKeyring(env: Environment, platform: NodeJS.Platform = process.platform): Keyring | undefined {
  const program = platform === 'darwin' ? 'security' : 'secret-tool';
  const file = findProgram(program, '/', env['PATH'] ?? '');
  if (file === undefined) return undefined;
  const run = (args: readonly string[], timeoutMs: number, input = ''): Promise<Run> => runProgram(file, args, { env, input, timeoutMs });
  return platform === 'darwin' ? macos(run) : libsecret(run);
}

type Runner = (args: readonly string[], timeoutMs: number, input?: string) => Promise<Run>;

function libsecret(run: Runner): Keyring {
  const entry = (name: string): string[] => ['service', SERVICE, 'name', name];
  return {
    async get(name, timeoutMs) {
      const { code, stdout, stderr } = await run(['lookup', ...entry(name)], timeoutMs);
      if (code === 0) return stdout;
      // Not found and failed have the same code; only a failure says something.
      if (stderr.trim() === '') return undefined;
      throw failed('read', name, stderr);
    },
    async set(name, value, timeoutMs) {
      const { code, stderr } = await run(['store', `--label=Outrigger: ${name}`, ...entry(name)], timeoutMs, value);
      if (code !== 0) throw failed('store', name, stderr);
    },
    async remove(name, timeoutMs) {
      const { code, stderr } = await run(['clear', ...entry(name)], timeoutMs);
      if (code !== 0 && stderr.trim() !== '') throw failed('remove', name, stderr);
    },
  };
}

/** Values are kept as base64: `security` prints others in hexadecimal when it likes, and its input has rules of its own. */
function macos(run: Runner): Keyring {
  const entry = (name: string): string[] => ['-s', SERVICE, '-a', name];
  return {
    async get(name, timeoutMs) {
      const { code, stdout, stderr } = await run(['find-generic-password', ...entry(name), '-w'], timeoutMs);
      if (code === 0) return Buffer.from(stdout.trim(), 'base64').toString();
      if (code === NOT_FOUND_MACOS) return undefined;
      throw failed('read', name, stderr);
    },
    async set(name, value, timeoutMs) {
      if (Buffer.byteLength(value) > LONGEST_MACOS) throw failed('store', name, `it is longer than ${LONGEST_MACOS} bytes`);
      // By stdin: everybody may read the arguments of a process.
      const line = `add-generic-password -U ${entry(name).join(' ')} -w ${Buffer.from(value).toString('base64')}\n`;
      const { code, stderr } = await run(['-i'], timeoutMs, line);
      if (code !== 0) throw failed('store', name, stderr);
    },
    async remove(name, timeoutMs) {
      const { code, stderr } = await run(['delete-generic-password', ...entry(name)], timeoutMs);
      if (code !== 0 && code !== NOT_FOUND_MACOS) throw failed('remove', name, stderr);
    },
  };
}

function failed(action: string, name: string, why: string): HostError {
  const cause = plainText(why.trim(), 300) || 'its program failed';
  return new HostError('STORAGE_FAILED', `Cannot ${action} secret "${name}" with the keyring: ${cause}`);
}

function runProgram(file: string, args: readonly string[], options: { env: Environment; input: string; timeoutMs: number }): Promise<Run> {
  const { env, input, timeoutMs } = options;
  return new Promise((resolve) => {
    const child = spawn(file, args, { env: { ...env }, cwd: '/', stdio: ['pipe', 'pipe', 'pipe'] });
    const out = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
    const done = (code: number | null, why?: string): void => {
      clearTimeout(timer);
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
      resolve({ code, stdout: out.stdout.toString(), stderr: why ?? out.stderr.toString() });
    };
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      done(null, `no answer within ${timeoutMs} ms`);
    }, timeoutMs);
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (chunk: Buffer) => {
        if (out[name].length + chunk.length <= MAX_OUTPUT) out[name] = Buffer.concat([out[name], chunk]);
        else child.kill('SIGKILL');
      });
    }
    child.stdin.on('error', () => {});
    child.once('error', (error) => done(null, error.message));
    child.once('close', (code) => done(code));
    child.stdin.end(input);
  });
}
