import { type ExecFileException, execFile } from 'node:child_process';

export interface Trial {
  /** Exit code; undefined when it could not be started, was killed, or took too long. */
  readonly code: number | undefined;
  readonly stdout: string;
  /** What it said on stderr, or why it did not start; one line. */
  readonly complaint: string;
}

export interface TrialOptions {
  readonly timeoutMs?: number;
  /** The whole environment; default none. */
  readonly env?: Readonly<Record<string, string>>;
}

const TIMEOUT_MS = 10_000;
const MAX_OUTPUT = 64 * 1024;

/** Runs a program of this machine, never a plugin, to see whether it works. Never rejects. */
export function tryProgram(file: string, args: readonly string[], { timeoutMs = TIMEOUT_MS, env = {} }: TrialOptions = {}): Promise<Trial> {
  return new Promise((resolve) => {
    const options = { cwd: '/', env: { ...env }, timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: MAX_OUTPUT } as const;
    const child = execFile(file, args, options, (error, stdout, stderr) => {
      const code = codeOf(error);
      const unstarted = error === null || code !== undefined ? '' : unstartedBecause(error, timeoutMs);
      resolve({ code, stdout, complaint: oneLine(stderr) || oneLine(unstarted) });
    });
    // A program that reads would wait for ever; one that is already gone breaks the pipe.
    child.stdin?.on('error', () => {});
    child.stdin?.end();
  });
}

function codeOf(error: ExecFileException | null): number | undefined {
  if (error === null) return 0;
  return typeof error.code === 'number' ? error.code : undefined;
}

function unstartedBecause(error: ExecFileException, timeoutMs: number): string {
  return error.killed === true ? `no answer within ${timeoutMs} ms` : error.message;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, 300);
}
