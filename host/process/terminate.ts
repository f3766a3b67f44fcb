import type { Child, Exit } from './types.ts';

/** SIGTERM to the process group, `graceMs` later SIGKILL. Settles when the leader has exited; by then the rest of its group is dead too. */
export async function terminate(child: Child, graceMs: number): Promise<Exit> {
  child.signal('SIGTERM');
  if (!(await within(child.exited, graceMs))) child.signal('SIGKILL');
  return child.exited;
}

/** Whether the promise settles within `ms`. */
export async function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  const done = promise.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}
