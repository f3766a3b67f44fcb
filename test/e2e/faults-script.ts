import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('faults-host-process.ts', import.meta.url));
/** Too small to keep what a flood brings: a host that queues without a bound dies of it. */
const HEAP = ['--max-old-space-size=80', '--max-semi-space-size=4'];

/** Runs a host in a process of its own; `body` gets the JSON it prints. Afterwards that process is gone. */
export async function withHostProcess(
  mode: 'flood' | 'linger',
  argument: string,
  body: (host: ChildProcess & { readonly pid: number }, report: unknown) => Promise<void>,
): Promise<void> {
  // What it leaves in its temporary folder when it is killed goes with that folder.
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-faults-'));
  // It ends at end-of-file on stdin, so that it does not even outlive a test run that is killed.
  const child = spawn(process.execPath, [...HEAP, '--conditions=@outrigger/source', SCRIPT, mode, argument], {
    stdio: 'pipe',
    env: { ...process.env, TMPDIR: folder },
  });
  const exited = once(child, 'exit');
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  try {
    const failed = exited.then(([code]) => Promise.reject(new Error(`The host ended with code ${code} and without a report: ${stderr}`)));
    const [line] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), failed]);
    await body(child as ChildProcess & { readonly pid: number }, JSON.parse(line));
  } finally {
    child.kill('SIGKILL');
    await exited;
    await rm(folder, { recursive: true, force: true });
  }
}
