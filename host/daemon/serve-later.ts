import type { Serve } from './services.ts';

/** Serves by what is loaded at the first request: most plugins ask for nothing. Requests keep their order; what could not be loaded is tried again. */
export function serveLater(load: () => Promise<Serve>): Serve {
  let loading: Promise<Serve> | undefined;
  const forget = (error: unknown): never => {
    loading = undefined;
    throw error;
  };
  return async (...request) => {
    loading ??= load().catch(forget);
    return (await loading)(...request);
  };
}
