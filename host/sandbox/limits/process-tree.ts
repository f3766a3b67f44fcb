import { readdirSync, readFileSync } from 'node:fs';

/** Processes looked at in one tree; a plugin with more is far beyond any limit on processes. */
const MAX_PROCESSES = 4096;

/** A process and all its descendants that are alive, the process first; empty when it is gone. Linux only: elsewhere empty. */
export function processTree(pid: number): number[] {
  const found = new Set<number>();
  const ahead = [pid];
  for (let next = ahead.pop(); next !== undefined && found.size < MAX_PROCESSES; next = ahead.pop()) {
    if (found.has(next)) continue;
    const children = childrenOf(next);
    if (children === undefined) continue;
    found.add(next);
    ahead.push(...children);
  }
  return [...found];
}

// The kernel keeps children by the thread that started them.
function childrenOf(pid: number): number[] | undefined {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) => childrenOfThread(pid, thread));
  } catch {
    // Gone.
    return undefined;
  }
}

function childrenOfThread(pid: number, thread: string): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim();
    return text === '' ? [] : text.split(' ').map(Number);
  } catch {
    return [];
  }
}
