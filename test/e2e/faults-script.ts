import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('faults-host-process.ts', import.meta.url));

/** Too small to keep what a flood brings: a host that queues without a bound dies of it. */
const HEAP = ['--max-old-space-size=80', '--max-semi-space-size=4'];

/** Runs a host in a process of its own; resolves with the first line of JSON it prints. */
export async function runHostScript(mode: 'flood' | 'linger', argument: string): Promise<{ child: ChildProcess; report: unknown }> {
  const child = spawn(process.execPath, [...HEAP, '--conditions=@outrigger/source', SCRIPT, mode, argument], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`The host ended with code ${code} and without a report`))),
  ]);
  return { child, report: JSON.parse(line) };
}
