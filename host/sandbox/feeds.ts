import type { Child, LaunchSpec } from '../process/types.ts';

/** Writes what a launched process waits for on its pipes, and closes those. */
export function writeFeeds(child: Child, launch: LaunchSpec): void {
  for (const [index, feed] of (launch.pipes ?? []).entries()) if (feed !== undefined) child.pipes[index]?.end(feed);
}
