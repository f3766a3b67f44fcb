import type { Config } from '@outrigger/schemas';
import type { CatalogSource } from '../daemon/define-catalog.ts';
import { createHost } from '../daemon/host.ts';
import type { Host, HostOptions, Scope } from '../daemon/types.ts';
import { TraceFile } from '../journal/trace-file.ts';
import { didYouMean } from '../protocol/did-you-mean.ts';
import { loadConfig } from '../registry/load-config.ts';
import { askPermission } from './ask-permission.ts';
import type { CliContext } from './context.ts';
import { problemText } from './print/problem-text.ts';
import { traceLocation } from './trace-location.ts';
import { cacheFolder } from './user-folders.ts';

/** Hook names that come from people are just texts. */
export type AnyScope = Scope<Record<string, { payload: object; replace: unknown }>>;

/** The same scope for hook points that are known only when it runs. */
export function anyHooks(scope: Scope): AnyScope {
  return scope as unknown as AnyScope;
}

/** Lets `use` work with a host, whose traces are kept on disk, and leaves nothing behind. Broken plugins are warned of. */
export async function withHost<T>(
  context: CliContext,
  use: (host: Host) => Promise<T>,
  how: Pick<HostOptions, 'startEager' | 'journal' | 'catalogNames'> & { readonly catalogs?: readonly CatalogSource[] } = {},
): Promise<T> {
  const { options, cwd, env, log } = context;
  const config = options.config === undefined ? {} : { config: options.config };
  const { config: settings } = await loadConfig({ ...config, cwd, env, cacheDir: cacheFolder(env), isSafe: options.noPlugins });
  const location = traceLocation(settings.traces, env);
  // One that keeps a journal has its traces there.
  const isFiled = !how.journal || settings.journal?.enabled === false;
  const traces = isFiled && location ? new TraceFile({ ...location, onProblem: (message) => log.warn(message) }) : undefined;
  const onPermissionRequest = askPermission(context);
  const host = await createHost({
    ...how,
    ...config,
    cwd,
    env,
    log,
    ...(options.noPlugins ? { noPlugins: true } : {}),
    ...(options.frozen ? { frozen: true } : {}),
    without: options.without,
    ...(onPermissionRequest === undefined ? {} : { onPermissionRequest }),
    ...(options.inspectPlugin === undefined ? {} : { inspectPlugin: options.inspectPlugin }),
  });
  if (traces) host.watch(({ text }) => traces.appendText(text()));
  try {
    for (const problem of host.problems)
      log.warn(problemText(problem, cwd), problem.plugin === undefined ? {} : { plugin: problem.plugin });
    warnOfUntrusted(context, host, settings.plugins);
    warnOfInspected(context, host);
    return await use(host);
  } finally {
    await host.close();
    await traces?.flush();
  }
}

/** Who lists a plugin wants it to run; one that lies in a plugin folder may be left alone. */
function warnOfUntrusted({ log }: CliContext, host: Host, listed: Config['plugins'] = {}): void {
  for (const { registered } of host.plugins()) {
    const { name, state, reason } = registered;
    if (state === 'untrusted' && Object.hasOwn(listed, name)) log.warn(`does not run: ${reason ?? 'it is not trusted'}`, { plugin: name });
  }
}

/** A name nobody has would lift the deadlines of events and inspect nothing. */
function warnOfInspected({ options: { inspectPlugin }, log }: CliContext, host: Host): void {
  const names = host.plugins().map(({ registered }) => registered.name);
  if (inspectPlugin === undefined || names.includes(inspectPlugin)) return;
  log.warn(`Cannot inspect plugin "${inspectPlugin}": no plugin has that name${didYouMean(inspectPlugin, names)}`);
}
