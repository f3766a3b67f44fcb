/** Settles when something wanted is heard, or the time is over, or the signal aborts. `listen` begins to listen; its result ends it. */
export function untilHeard<T>(
  listen: (listener: (one: T) => void) => () => void,
  isWanted: (one: T) => boolean,
  { signal, ms }: { readonly signal: AbortSignal; readonly ms: number },
): Promise<void> {
  const over = AbortSignal.any([signal, AbortSignal.timeout(ms)]);
  return new Promise((resolve) => {
    const unlisten = listen((one) => isWanted(one) && end());
    const end = (): void => {
      unlisten();
      over.removeEventListener('abort', end);
      resolve();
    };
    over.addEventListener('abort', end, { once: true });
    if (over.aborted) end();
  });
}
