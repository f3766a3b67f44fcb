/** What the command line returns. `outrigger run` returns the command's own code where there is one. */
export const EXIT = { done: 0, failed: 1, usage: 2, blocked: 3, unreachable: 4, notExecutable: 126, notFound: 127 } as const;
