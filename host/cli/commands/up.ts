import { isatty } from 'node:tty';
import type { HelloParams, ReloadResult } from '@outrigger/schemas';
import { ClientConnection } from '../../daemon/clients/client-connection.ts';
import type { AnyHost } from '../../daemon/clients/types.ts';
import { Daemon } from '../../daemon/control/daemon.ts';
import { takeLock } from '../../daemon/control/daemon-lock.ts';
import { LogFile } from '../../daemon/control/log-file.ts';
import { type NetworkOptions, parseAddress } from '../../daemon/control/network.ts';
import { makeOwnFolder } from '../../daemon/control/own-folder.ts';
import type { DaemonPlace } from '../../daemon/control/place.ts';
import type { CatalogSource } from '../../daemon/define-catalog.ts';
import { Dashboard } from '../../daemon/http/dashboard.ts';
import { type LevelOf, LogTail } from '../../daemon/http/log-tail.ts';
import { HTTP_PORT } from '../../daemon/http/types.ts';
import type { ReloadOptions } from '../../daemon/live/reloader.ts';
import { HostError } from '../../protocol/errors.ts';
import type { Logger } from '../../protocol/types.ts';
import { setPluginEnabled } from '../../registry/edit-config.ts';
import { findConfig } from '../../registry/find-config.ts';
import type { CliContext } from '../context.ts';
import { placeOf } from '../daemon-call.ts';
import { EXIT } from '../exit-codes.ts';
import { makeLog } from '../log.ts';
import { withHost } from '../open-host.ts';
import { PluginLevels } from '../plugin-levels.ts';
import { makePaint } from '../print/paint.ts';
import { UsageError } from '../usage-error.ts';

type Options = Readonly<Record<string, unknown>>;

const BY_DASHBOARD = { via: 'dashboard' } as const;
const BY_FILES = { action: 'reload', by: { via: 'files' } } as const;

/** `outrigger up`: the daemon in the foreground; with --stdio a host for the one application that started it. */
export async function up(context: CliContext, options: Options): Promise<number> {
  const network = networkOf(options);
  const httpPort = httpPortOf(options);
  if (options['stdio'] === true) {
    if (httpPort !== undefined) throw new UsageError('Cannot use --http with --stdio: it serves one application and no people');
    if (network !== undefined) throw new UsageError('Cannot use --listen with --stdio: the application has stdin and stdout to itself');
    return upOnStdio(context);
  }
  const place = await placeOf(context);
  await makeOwnFolder(place.folder);
  const lock = await takeLock(place.lock, place.config === undefined ? 'a daemon' : `a daemon for "${place.config}"`);
  const file = typeof options['logFile'] === 'string' ? new LogFile(options['logFile']) : undefined;
  try {
    const tail = new LogTail();
    const levels = new PluginLevels();
    const quiet = { ...context, log: tail.tee(daemonLog(context, levels.of, file?.write), levels.of) };
    const of = { place, network, httpPort, tail, levels };
    await withHost(quiet, (host) => serve(quiet, { ...of, host: host as unknown as AnyHost }), { journal: true });
    return EXIT.done;
  } finally {
    await lock.release();
    file?.close();
  }
}

interface Serving {
  readonly host: AnyHost;
  readonly place: DaemonPlace;
  readonly network: NetworkOptions | undefined;
  readonly httpPort: number | undefined;
  readonly tail: LogTail;
  readonly levels: PluginLevels;
}

async function serve(context: CliContext, { host, place, network, httpPort, tail, levels }: Serving): Promise<void> {
  const { env, log } = context;
  const { files: configFiles } = await findConfig({ explicit: context.options.config, cwd: context.cwd, env });
  const serving = Promise.withResolvers<Daemon>();
  const unfollow = levels.follow(host);
  // Before it serves: what is written from then on counts.
  const unwatch = await host.watchFiles(async (changed) => (await serving.promise).reload({ changed, cause: BY_FILES }));
  const dashboard: Dashboard = new Dashboard({
    host,
    tail,
    log,
    status: () => daemon.status(),
    operator: {
      restart: (plugin) => host.restart(plugin, BY_DASHBOARD),
      setEnabled: (plugin, isEnabled) =>
        setEnabled({ host, file: configFiles[0], reload: (cause) => daemon.reload({ cause }) }, plugin, isEnabled),
    },
  });
  const daemon: Daemon = await Daemon.open({
    host,
    place,
    env,
    log,
    tail,
    configFiles,
    onReload: (options) => host.reload(options),
    breakers: () => host.breakers(),
    dashboard,
    ...(httpPort === undefined ? {} : { httpPort }),
    ...(network === undefined ? {} : { network }),
  });
  serving.resolve(daemon);
  const unlisten = listenToSignals(daemon);
  try {
    await daemon.stopped;
  } finally {
    unwatch();
    unfollow();
    unlisten();
    await dashboard.close();
  }
}

interface Switching {
  readonly host: AnyHost;
  readonly file: string | undefined;
  readonly reload: (cause: NonNullable<ReloadOptions['cause']>) => Promise<ReloadResult>;
}

/** Written into the config first, so that it outlasts the daemon; then taken over, if that is possible while it runs. */
async function setEnabled({ host, file, reload }: Switching, plugin: string, isEnabled: boolean): Promise<string> {
  if (!host.plugins().some(({ registered }) => registered.name === plugin))
    throw new HostError('PLUGIN_UNKNOWN', `Cannot switch plugin "${plugin}": there is none of this name`);
  if (file === undefined) throw new HostError('CONFIG_INVALID', `Cannot switch plugin "${plugin}": this daemon has no config file`);
  await setPluginEnabled(file, plugin, isEnabled);
  const { applied, reason, kept } = await reload({ action: isEnabled ? 'enable' : 'disable', plugin, by: BY_DASHBOARD });
  const what = `${plugin} is ${isEnabled ? 'enabled' : 'disabled'} in ${file}`;
  const own = kept?.find((one) => one.plugin === plugin);
  return applied && own === undefined ? what : `${what}, but not in this daemon: ${own?.reason ?? reason ?? 'it kept its configuration'}`;
}

function httpPortOf({ http }: Options): number | undefined {
  if (http === undefined) return undefined;
  const port = http === true ? HTTP_PORT : Number(http);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new UsageError(`Cannot serve HTTP on port "${String(http)}": give a number from 0 to 65535, or none for ${HTTP_PORT}`);
}

/** A second signal of those that stop ends the process as it always does; plugins die with it. */
function listenToSignals(daemon: Daemon): () => void {
  const stop = (name: NodeJS.Signals): void => {
    daemon.stop({ via: 'signal', name });
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.off(signal, stop);
  };
  // On a terminal it means that the terminal is gone.
  const hangUp = (name: NodeJS.Signals): void =>
    isatty(0) ? stop(name) : void daemon.reload({ cause: { action: 'reload', by: { via: 'signal', name } } });
  process.on('SIGTERM', stop).on('SIGINT', stop).on('SIGHUP', hangUp);
  return () => process.off('SIGTERM', stop).off('SIGINT', stop).off('SIGHUP', hangUp);
}

/** People at a terminal read words, everybody else JSON lines. */
function daemonLog({ options, env, write }: CliContext, levelOf: LevelOf, toFile: ((line: string) => void) | undefined): Logger {
  const level = options.verbose ? 'debug' : options.quiet ? 'error' : 'info';
  const isForPeople = toFile === undefined && isatty(2) && !options.json;
  const paint = makePaint(isForPeople, env);
  return makeLog({ level, levelOf, json: !isForPeople, paint, write: toFile ?? ((line) => write(2, line)) });
}

function networkOf({ listen, tlsCert, tlsKey, tokenFile }: Options): NetworkOptions | undefined {
  if (listen === undefined) {
    if ([tlsCert, tlsKey, tokenFile].every((option) => option === undefined)) return undefined;
    throw new UsageError('Cannot use --tls-cert, --tls-key or --token-file without --listen HOST:PORT');
  }
  const address = parseAddress(String(listen));
  if (address === undefined) throw new UsageError(`Cannot listen on "${String(listen)}": give HOST:PORT, such as 127.0.0.1:7411`);
  if (typeof tlsCert !== 'string' || typeof tlsKey !== 'string' || typeof tokenFile !== 'string')
    throw new UsageError('Cannot listen on a network without --tls-cert, --tls-key and --token-file');
  return { ...address, certFile: tlsCert, keyFile: tlsKey, tokenFile };
}

async function upOnStdio(context: CliContext): Promise<number> {
  let serving: Promise<void> = Promise.resolve();
  const client = new ClientConnection({
    input: process.stdin,
    output: process.stdout,
    log: context.log,
    hostFor: (hello) =>
      new Promise((resolve, reject) => {
        serving = serveOne(context, hello, { opened: resolve, closed: () => client.closed }).catch(reject);
      }),
  });
  await client.closed;
  await serving;
  return EXIT.done;
}

interface ServingOne {
  readonly opened: (host: AnyHost) => void;
  readonly closed: () => Promise<void>;
}

async function serveOne(context: CliContext, { catalogs }: HelloParams, { opened, closed }: ServingOne): Promise<void> {
  await withHost(
    context,
    async (host) => {
      opened(host as unknown as AnyHost);
      await closed();
    },
    {
      catalogNames: (catalogs ?? []).filter((one) => typeof one === 'string'),
      // Checked as catalogs by the host, which says what is wrong in one.
      catalogs: (catalogs ?? []).filter((one) => typeof one !== 'string') as unknown as readonly CatalogSource[],
    },
  );
}
