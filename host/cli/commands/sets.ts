import { didYouMean } from '../../protocol/did-you-mean.ts';
import { HostError } from '../../protocol/errors.ts';
import { setSetEnabled } from '../../registry/edit-config.ts';
import type { Registry } from '../../registry/types.ts';
import { applyChange, daemonText } from '../apply-change.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { openRegistry } from '../open-registry.ts';
import { printable } from '../print/printable.ts';
import { shortPath } from '../print/problem-text.ts';
import { type Cell, table } from '../print/table.ts';
import { firstConfig } from './edit-plugins.ts';

/** `outrigger sets list` */
export async function listSets(context: CliContext): Promise<number> {
  const registry = await openRegistry(context, { isLenient: true });
  const sets = Object.entries(registry.config.sets ?? {}).map(([name, { enabled = true, mode, priority }]) => ({
    name,
    enabled,
    ...(mode === undefined ? {} : { mode }),
    ...(priority === undefined ? {} : { priority }),
    plugins: membersOf(registry, name),
  }));
  context.answer({ sets }, () => {
    const columns = [{ title: 'set' }, { title: 'state' }, { title: 'mode' }, { title: 'priority' }, { title: 'plugins' }];
    const rows = sets.map(({ name, enabled, mode = '', priority = '', plugins }): Cell[] => [
      { text: printable(name), tone: 'name' },
      enabled ? { text: 'on' } : { text: 'off', tone: 'faint' },
      { text: mode },
      { text: String(priority) },
      { text: plugins.map(memberText).join(', ') },
    ]);
    return sets.length === 0 ? 'There are no sets: name groups of plugins under "sets" in the config' : table(columns, rows, context);
  });
  return EXIT.done;
}

/** `outrigger sets enable` and `disable`: written into the config; no plugin is read for it, so that it works however broken one is. */
export async function enableSet(context: CliContext, name: string, enabled: boolean): Promise<number> {
  const file = await firstConfig(context);
  if (file === undefined) throw new HostError('CONFIG_INVALID', `Cannot change set "${name}": there is no config file here`);
  await assertKnown(context, name);
  await setSetEnabled(file, name, enabled);
  const change = enabled ? 'enabled' : 'disabled';
  const daemon = await applyChange(context, { action: enabled ? 'enable' : 'disable', detail: `set ${name}` });
  const registry = await openRegistry(context, { isLenient: true }).catch(() => undefined);
  const plugins = registry === undefined ? [] : membersOf(registry, name);
  context.answer({ set: name, file, change, plugins, ...(daemon === undefined ? {} : { daemon }) }, () => {
    const where = `${change} set ${printable(name)} in ${printable(shortPath(file, context.cwd))}${daemonText(daemon)}`;
    return plugins.length === 0 ? where : `${where}\n${plugins.map(memberText).join(', ')}`;
  });
  return daemon?.applied === false ? EXIT.failed : EXIT.done;
}

/** A config that cannot be read must not keep anybody from switching something off. */
async function assertKnown(context: CliContext, name: string): Promise<void> {
  const registry = await openRegistry(context, { isLenient: true }).catch(() => undefined);
  const sets = registry?.config.sets ?? {};
  if (registry === undefined || Object.hasOwn(sets, name)) return;
  throw new HostError('CONFIG_INVALID', `Cannot find set "${name}": the config names no such set${didYouMean(name, Object.keys(sets))}`);
}

interface Member {
  readonly name: string;
  readonly state: string;
}

/** Those of sets inside it too. */
function membersOf({ plugins }: Registry, set: string): Member[] {
  return [...plugins.values()].filter(({ sets }) => sets.includes(set)).map(({ name, state }) => ({ name, state }));
}

function memberText({ name, state }: Member): string {
  return `${printable(name)} ${state === 'enabled' ? 'on' : state}`;
}
