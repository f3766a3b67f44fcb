import { dirname, join, relative, resolve } from 'node:path';
import type { Manifest } from '@outrigger/schemas';
import { didYouMean } from '../../protocol/did-you-mean.ts';
import { HostError } from '../../protocol/errors.ts';
import * as edit from '../../registry/edit-config.ts';
import { findConfig } from '../../registry/find-config.ts';
import { loadManifest } from '../../registry/load-manifest.ts';
import { isEmpty } from '../../sandbox/policy/permissions.ts';
import { applyChange, type Cause, daemonText } from '../apply-change.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { openRegistry } from '../open-registry.ts';
import { printable } from '../print/printable.ts';
import { problemText, shortPath } from '../print/problem-text.ts';
import { UsageError } from '../usage-error.ts';
import { cacheFolder } from '../user-folders.ts';

/** Longest detail that the daemon takes, in characters. */
const MAX_DETAIL = 200;

type Change = 'enabled' | 'disabled' | 'added' | 'removed' | 'set';

/** `outrigger plugins enable` and `disable`: neither reads the plugin, so both work however broken it is. */
export async function enablePlugin(context: CliContext, plugin: string, enabled: boolean): Promise<number> {
  const file = await configFile(context, plugin);
  await assertKnown(context, plugin);
  await edit.setPluginEnabled(file, plugin, enabled);
  const cause = { action: enabled ? 'enable' : 'disable', plugin } as const;
  return tell(context, { plugin, file, change: enabled ? 'enabled' : 'disabled' }, cause);
}

/** `outrigger plugins add`: writes into the config in force, or makes one here. */
export async function addPlugin(context: CliContext, path: string, trust: boolean): Promise<number> {
  const directory = resolve(context.cwd, path);
  const { value, problems } = await loadManifest(directory, cacheFolder(context.env));
  if (!value) {
    const list = problems.map((problem) => problemText(problem, context.cwd)).join('\n');
    throw new HostError('CONFIG_INVALID', `Cannot add plugin "${path}": its manifest is broken\n${list}`);
  }
  const file = (await firstConfig(context)) ?? join(context.cwd, 'outrigger.yaml');
  await edit.addPlugin(file, { name: value.name, path: pathFrom(dirname(file), directory), ...(trust ? { trust: 'full' } : {}) });
  if (!trust) context.log.warn(confinedNote(value));
  return tell(context, { plugin: value.name, file, change: 'added' }, { action: 'add', plugin: value.name });
}

/** What happens next to a plugin that was added without trust. */
function confinedNote({ name, permissions = {} }: Manifest): string {
  if (isEmpty(permissions)) return `Plugin "${name}" runs confined: it asks for nothing, and can reach nothing outside its sandbox`;
  return `Plugin "${name}" runs confined, and not before you grant what it asks for: outrigger plugins trust ${name}`;
}

/** `outrigger plugins remove` */
export async function removePlugin(context: CliContext, plugin: string): Promise<number> {
  const file = await configFile(context, plugin);
  await edit.removePlugin(file, plugin);
  return tell(context, { plugin, file, change: 'removed' }, { action: 'remove', plugin });
}

/** A name nobody knows is a slip of the pen, and would make a config with a plugin that is not there. */
async function assertKnown(context: CliContext, plugin: string): Promise<void> {
  // A config that cannot be read must not keep anybody from switching a plugin off.
  const registry = await openRegistry(context).catch(() => undefined);
  if (!registry || registry.plugins.has(plugin)) return;
  const guess = didYouMean(plugin, registry.plugins.keys());
  throw new HostError('PLUGIN_UNKNOWN', `Cannot find plugin "${plugin}": no plugin has this name${guess}`);
}

/** `outrigger plugins set`: mode and priority, at every hook point or at one, and log level. */
export async function setPlugin(context: CliContext, plugin: string, options: Readonly<Record<string, unknown>>): Promise<number> {
  const { mode, priority, logLevel, hook } = options;
  const given = Object.entries({ mode, priority, logLevel }).filter(([, value]) => value !== undefined);
  if (given.length === 0) throw new UsageError('Cannot set nothing: give --mode, --priority or --log-level');
  if (logLevel !== undefined && hook !== undefined)
    throw new UsageError('Cannot set a log level for one hook point: leave out --hook, it counts for all that the plugin writes');
  const where = { within: hook === undefined ? [] : ['hooks', String(hook)], settings: Object.fromEntries(given) };
  const said = given.map(([name, value]) => `${name} ${value}`).join(', ');
  return set(context, plugin, where, { action: 'set', detail: hook === undefined ? said : `${said} at ${hook}` });
}

/** `outrigger plugins config set`: a value that is no JSON is a text. */
export function setPluginConfig(context: CliContext, plugin: string, [key, text]: readonly [string, string]): Promise<number> {
  // The value may be anything, a password too: the journal is told the name alone.
  return set(context, plugin, { within: ['config'], settings: { [key]: readValue(text) } }, { action: 'config', detail: key });
}

async function set(
  context: CliContext,
  plugin: string,
  where: Parameters<typeof edit.setPluginSettings>[2],
  { action, detail }: Pick<Cause, 'action' | 'detail'>,
): Promise<number> {
  const file = await configFile(context, plugin);
  await assertKnown(context, plugin);
  await edit.setPluginSettings(file, plugin, where);
  const cause = { action, plugin, ...(detail === undefined ? {} : { detail: detail.slice(0, MAX_DETAIL) }) };
  return tell(context, { plugin, file, change: 'set' }, cause);
}

function readValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function tell(context: CliContext, done: { plugin: string; file: string; change: Change }, cause: Cause): Promise<number> {
  const where = { added: 'to', removed: 'from', enabled: 'in', disabled: 'in', set: 'in' } as const;
  const daemon = await applyChange(context, cause);
  context.answer(
    { ...done, ...(daemon === undefined ? {} : { daemon }) },
    () =>
      `${done.change} ${printable(done.plugin)} ${where[done.change]} ${printable(shortPath(done.file, context.cwd))}${daemonText(daemon)}`,
  );
  return daemon?.applied === false ? EXIT.failed : EXIT.done;
}

async function configFile(context: CliContext, plugin: string): Promise<string> {
  const file = await firstConfig(context);
  if (file !== undefined) return file;
  throw new HostError(
    'CONFIG_INVALID',
    `Cannot change plugin "${plugin}": there is no config file here; make one with "outrigger plugins add <path>"`,
  );
}

/** Found, not read: a config that is broken in another place can be edited too. */
export async function firstConfig({ options, cwd, env }: CliContext): Promise<string | undefined> {
  const { files, problems } = await findConfig({ explicit: options.config, cwd, env });
  const [problem] = problems;
  if (problem) throw new HostError('CONFIG_INVALID', problem.message);
  return files[0];
}

/** Relative where the plugin lies below the config file, so that both can move together. */
function pathFrom(folder: string, directory: string): string {
  const way = relative(folder, directory);
  return way.startsWith('..') || way === '' ? directory : `./${way}`;
}
