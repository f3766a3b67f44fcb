import type { Config, LockedPlugin, Manifest, Permissions } from '@outrigger/schemas';
import { didYouMean } from '../../protocol/did-you-mean.ts';
import { HostError } from '../../protocol/errors.ts';
import { admitPlugin } from '../../registry/admit-plugin.ts';
import { setPluginTrust } from '../../registry/edit-config.ts';
import { loadDocument } from '../../registry/load-document.ts';
import { loadLocks, lockFileOf, removeLocked, writeLocked } from '../../registry/lock-file.ts';
import { hashTree } from '../../registry/tree-hash.ts';
import { everything } from '../../registry/trust.ts';
import type { RegisteredPlugin, Registry } from '../../registry/types.ts';
import { isOwnData } from '../../sandbox/policy/fill-in.ts';
import { ledPaths } from '../../sandbox/policy/led-paths.ts';
import { consentLines, intersect, union, widerThan } from '../../sandbox/policy/permissions.ts';
import { applyChange, daemonText } from '../apply-change.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { openRegistry } from '../open-registry.ts';
import { printable } from '../print/printable.ts';
import { shortPath } from '../print/problem-text.ts';
import { hasTerminal, readLine } from '../read-hidden.ts';
import { UsageError } from '../usage-error.ts';
import { describeTrust } from './describe-trust.ts';

/** Permissions that a person sees at once. */
const MOST_SEEN = 15;
const MOST_NAMED = 8;

/** A plugin about to be accepted. */
export interface Acceptance {
  readonly plugin: RegisteredPlugin;
  readonly directory: string;
  readonly manifest: Manifest;
  /** The config file that lists it, or will. */
  readonly configFile: string;
  readonly lockFile: string;
  /** What was accepted before. */
  readonly before: LockedPlugin | undefined;
  readonly now: LockedPlugin;
  /** What it asks for now and did not when it was accepted. */
  readonly wider: Permissions;
}

/** `outrigger plugins trust`: says what the plugin is and wants, asks, and writes its content and grant into the lock file. */
export async function trustPlugin(context: CliContext, name: string, options: Record<string, unknown>): Promise<number> {
  if (context.options.frozen) throw new UsageError('Cannot trust a plugin with --frozen: it says that the lock file stays as it is');
  const registry = await openRegistry(context, { isLenient: true });
  const acceptance = await prepare(registry, known(registry, name), options);
  context.write(context.options.json ? 2 : 1, describeTrust(acceptance, registry, context));
  if (options['yes'] !== true && !(await isConfirmed(context, acceptance))) {
    context.answer({ plugin: name, change: 'none' }, () => `${printable(name)} was not trusted`);
    return EXIT.failed;
  }
  const { plugin, directory, manifest, configFile, lockFile, now } = acceptance;
  const { settings, places } = { settings: registry.config.sandbox, places: registry.places };
  const trust = now.trust === 'full' ? { trust: 'full' as const } : {};
  const entry = { ...registry.config.plugins?.[name], ...trust };
  const locks = { entries: new Map([[name, { locked: now, file: lockFile }]]), problems: [] };
  // Decided as the host will decide it; makes the copy it runs from, out of the content that was shown.
  const admission = await admitPlugin({ name, entry, directory, manifest }, { locks, settings, places, cacheDir: places.cacheDir });
  if (admission.lock !== 'accepted') throw new HostError('PLUGIN_REFUSED', `Cannot trust plugin "${name}": ${admission.reason}`);
  const driver = admission.confinement?.driver.name;
  const locked = { ...now, ...(driver === undefined ? {} : { driver }) };
  await writeLocked(lockFile, name, locked);
  if (await needsEntry(configFile, name, now)) await setPluginTrust(configFile, name, trust);
  const { reason } = admission;
  if (reason !== undefined) context.log.warn(`Plugin "${name}" was accepted and still does not run: ${reason}`, { plugin: plugin.name });
  const daemon = await applyChange(context, { action: 'trust', plugin: name });
  const said = { ...(reason === undefined ? {} : { reason }), ...(daemon === undefined ? {} : { daemon }) };
  const document = { plugin: name, file: configFile, change: 'trusted', lockFile, locked, ...said };
  context.answer(document, () => `trusted ${printable(name)} in ${printable(shortPath(lockFile, context.cwd))}${daemonText(daemon)}`);
  return EXIT.done;
}

/** `outrigger plugins untrust`: works however broken the plugin is. */
export async function untrustPlugin(context: CliContext, name: string): Promise<number> {
  const registry = await openRegistry(context, { isLenient: true });
  const { lockFile } = known(registry, name);
  const [first] = registry.configFiles;
  const listing = await listingFile(registry, name);
  for (const file of registry.configFiles) {
    await removeLocked(lockFileOf(file), name);
    const entry = (await entriesOf(file))[name];
    if (entry?.trust === 'full' || entry?.grant !== undefined) await setPluginTrust(file, name, { trust: undefined, grant: undefined });
  }
  const file = listing ?? first;
  const where = lockFile ?? (file && lockFileOf(file));
  const daemon = await applyChange(context, { action: 'untrust', plugin: name });
  const said = { ...(where === undefined ? {} : { lockFile: where }), ...(daemon === undefined ? {} : { daemon }) };
  context.answer({ plugin: name, file, change: 'untrusted', ...said }, () => {
    return `untrusted ${printable(name)}: what it was trusted with is taken back${daemonText(daemon)}`;
  });
  return EXIT.done;
}

function known(registry: Registry, name: string): RegisteredPlugin {
  const plugin = registry.plugins.get(name);
  if (plugin !== undefined) return plugin;
  const guess = didYouMean(name, registry.plugins.keys());
  throw new HostError('PLUGIN_UNKNOWN', `Cannot find plugin "${name}": no plugin has this name${guess}`);
}

async function prepare(registry: Registry, plugin: RegisteredPlugin, options: Record<string, unknown>): Promise<Acceptance> {
  const { name, directory, manifest, state, reason } = plugin;
  const configFile = (await listingFile(registry, name)) ?? registry.configFiles[0];
  if (directory === undefined || manifest === undefined || configFile === undefined || state === 'broken') {
    throw new HostError('PLUGIN_REFUSED', `Cannot trust plugin "${name}": it is ${state}: ${reason ?? 'nothing of it was read'}`);
  }
  // What a host will read: a stronger lock file that holds the name wins over the one beside the config that lists it.
  const lockFile = plugin.lockFile ?? lockFileOf(configFile);
  const before = (await loadLocks([lockFile], undefined)).entries.get(name)?.locked;
  const asked = everything(manifest);
  const required = manifest.permissions ?? {};
  const kept = options['grantOptional'] === true ? asked : intersect(asked, before?.grant ?? {});
  const trust = options['full'] === true || plugin.trust === 'full' ? 'full' : 'none';
  const grant = union(required, kept);
  const paths = ledPaths(grant, registry.places);
  const wrote = formerWrites(before, grant);
  const now: LockedPlugin = {
    version: manifest.version,
    hash: await hashTree(directory, undefined, { hasCompiled: trust === 'full' }),
    trust,
    asked,
    grant,
    ...(Object.keys(paths).length === 0 ? {} : { paths }),
    ...(wrote.length === 0 ? {} : { wrote }),
    time: new Date().toISOString(),
  };
  return { plugin, directory, manifest, configFile, lockFile, before, now, wider: before ? widerThan(asked, before.asked) : {} };
}

/** What it could write before and cannot any more: a link that it left there would choose where a path of today leads. */
function formerWrites(before: LockedPlugin | undefined, { fs }: Permissions): string[] {
  const all = new Set([...(before?.wrote ?? []), ...(before?.grant.fs?.write ?? [])].filter((path) => !isOwnData(path)));
  return [...all].filter((path) => fs?.write?.includes(path) !== true);
}

async function isConfirmed({ options, log }: CliContext, { plugin: { name }, now }: Acceptance): Promise<boolean> {
  if (options.json || !hasTerminal()) {
    throw new HostError('PLUGIN_REFUSED', `Cannot trust plugin "${name}": nobody can be asked here; read the above, and say --yes`);
  }
  log.debug('asking', { plugin: name });
  const line = await readLine(`${reminder(now.grant)}Trust it? [y/N] `, new AbortController().signal);
  return ['y', 'yes'].includes(line?.trim().toLowerCase() ?? '');
}

/** A long list scrolls its beginning away, where the widest are: nobody may hide them that way. */
function reminder(grant: Permissions): string {
  const lines = consentLines(grant);
  const wide = lines.filter(({ isWide }) => isWide);
  if (lines.length <= MOST_SEEN || wide.length === 0) return '';
  const named = wide.slice(0, MOST_NAMED).map(({ text }) => `  ! ${printable(text)}`);
  const rest = wide.length > named.length ? [`  ! ${wide.length - named.length} more such, at the top of the list`] : [];
  return [`Of these ${lines.length}, the widest again:`, ...named, ...rest, ''].join('\n');
}

async function needsEntry(configFile: string, name: string, { trust }: LockedPlugin): Promise<boolean> {
  const entry = (await entriesOf(configFile))[name];
  return entry === undefined || (trust === 'full' && entry.trust !== 'full');
}

/** The strongest config file with an entry for the plugin. */
async function listingFile(registry: Registry, name: string): Promise<string | undefined> {
  for (const file of registry.configFiles) if (Object.hasOwn(await entriesOf(file), name)) return file;
  return undefined;
}

async function entriesOf(file: string): Promise<NonNullable<Config['plugins']>> {
  const { value, raw } = await loadDocument('config', file, { cacheDir: undefined });
  // A config with one broken entry still lists the others.
  return value?.plugins ?? (raw as Config | undefined)?.plugins ?? {};
}
