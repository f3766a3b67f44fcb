import { HostError } from '../../protocol/errors.ts';
import type { Problem, RegisteredPlugin, RegisteredState, Registry } from '../../registry/types.ts';
import { consentLines } from '../../sandbox/policy/permissions.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { openRegistry } from '../open-registry.ts';
import type { Tone } from '../print/paint.ts';
import { printable, printableValue } from '../print/printable.ts';
import { problemText, shortPath } from '../print/problem-text.ts';
import { type Cell, table } from '../print/table.ts';

const TONES: Readonly<Record<RegisteredState, Tone>> = {
  enabled: 'good',
  disabled: 'faint',
  without: 'faint',
  untrusted: 'warn',
  broken: 'bad',
};
const COLUMNS = ['plugin', 'state', 'trust', 'sandbox', 'lock', 'version', 'hooks'].map((title) => ({ title }));

/** `outrigger plugins list`: broken ones are listed too, with file and line, and required ones that keep the host from starting. */
export async function listPlugins(context: CliContext): Promise<number> {
  const registry = await openRegistry(context, { isLenient: true });
  const plugins = [...registry.plugins.values()];
  const loose = registry.problems.filter(({ plugin }) => plugin === undefined || !registry.plugins.has(plugin));
  context.answer({ configFiles: registry.configFiles, plugins: plugins.map(summary), problems: loose }, () => {
    const list =
      plugins.length > 0 ? table(COLUMNS, plugins.map(row), context) : 'No plugins here; add one with: outrigger plugins add <path>';
    const notes = [...plugins.flatMap((plugin) => notesOn(plugin, context)), ...loose.map((problem) => note(problem, context))];
    return notes.length > 0 ? `${list}\n\n${notes.join('\n')}` : list;
  });
  return EXIT.done;
}

/** `outrigger plugins show` */
export async function showPlugin(context: CliContext, name: string): Promise<number> {
  const registry = await openRegistry(context, { isLenient: true });
  const plugin = registry.plugins.get(name);
  if (!plugin) throw unknownPlugin(registry, name);
  context.answer(details(registry, plugin), () => describe(registry, plugin, context));
  return EXIT.done;
}

function unknownPlugin(registry: Registry, name: string): HostError {
  const names = [...registry.plugins.keys()];
  const known = names.length > 0 ? `there ${names.length === 1 ? 'is' : 'are'} "${names.join('", "')}"` : 'there are none here';
  return new HostError('PLUGIN_UNKNOWN', `Cannot show plugin "${name}": no plugin has this name, ${known}`);
}

function summary(plugin: RegisteredPlugin): object {
  const { name, state, reason, trust, directory, manifest, problems, lock, hash, confinement } = plugin;
  return {
    name,
    state,
    ...(reason === undefined ? {} : { reason }),
    trust,
    ...(confinement ? { sandbox: confinement.driver.name } : {}),
    lock,
    ...(hash === undefined ? {} : { hash }),
    ...(manifest ? { version: manifest.version } : {}),
    ...(directory === undefined ? {} : { directory }),
    hooks: Object.keys(manifest?.hooks ?? {}),
    problems,
  };
}

function details(registry: Registry, plugin: RegisteredPlugin): object {
  const { manifest, manifestFile, required, config, granted, confinement, sets, logLevel } = plugin;
  const subscriptions = subscriptionsOf(registry, plugin).map(({ hook, mode, priority, timeoutMs, onFailure, sources }) => ({
    hook,
    mode,
    priority,
    timeoutMs,
    onFailure,
    sources,
  }));
  return {
    ...summary(plugin),
    ...(manifest?.description === undefined ? {} : { description: manifest.description }),
    ...(manifestFile === undefined ? {} : { manifestFile }),
    ...(manifest ? { command: [manifest.runtime.command, ...(manifest.runtime.args ?? [])] } : {}),
    required,
    config,
    granted,
    ...(confinement?.hidden?.length ? { hidden: confinement.hidden } : {}),
    ...(logLevel === undefined ? {} : { logLevel }),
    sets,
    subscriptions,
  };
}

function subscriptionsOf(registry: Registry, { name }: RegisteredPlugin) {
  return [...registry.subscriptions.values()].flat().filter(({ plugin }) => plugin === name);
}

function row({ name, state, trust, manifest, lock, confinement }: RegisteredPlugin): Cell[] {
  return [
    { text: printable(name), tone: 'name' },
    { text: state, tone: TONES[state] },
    { text: trust },
    { text: confinement?.driver.name ?? '–' },
    { text: lock === 'none' ? '–' : lock, tone: lock === 'changed' ? 'warn' : 'plain' },
    { text: printable(manifest?.version ?? '–') },
    { text: printable(Object.keys(manifest?.hooks ?? {}).join(', ')) },
  ];
}

function notesOn(plugin: RegisteredPlugin, context: CliContext): string[] {
  const name = context.paint('name', printable(plugin.name));
  const notes = plugin.problems.map((problem) => `${name}: ${note(problem, context)}`);
  const isSaid = plugin.problems.some(({ severity }) => severity === 'error');
  return plugin.reason === undefined || isSaid ? notes : [`${name}: ${printable(plugin.reason)}`, ...notes];
}

function note(problem: Problem, { paint, cwd }: CliContext): string {
  return paint(problem.severity === 'error' ? 'bad' : 'warn', problemText(problem, cwd));
}

function describe(registry: Registry, plugin: RegisteredPlugin, context: CliContext): string {
  const { paint, cwd } = context;
  const { manifest } = plugin;
  const facts: [string, string | undefined][] = [
    ['state', plugin.state],
    ['trust', plugin.trust],
    ['version', manifest?.version],
    ['folder', plugin.directory && shortPath(plugin.directory, cwd)],
    ['command', manifest && [manifest.runtime.command, ...(manifest.runtime.args ?? [])].join(' ')],
    ['sandbox', sandboxText(plugin)],
    ['content', contentText(plugin)],
    ['log level', plugin.logLevel],
    ['sets', plugin.sets.join(', ')],
    ['config', Object.keys(plugin.config).length > 0 ? printableValue(plugin.config) : undefined],
  ];
  const lines = [paint('strong', printable(plugin.name)), ...(manifest?.description ? [printable(manifest.description)] : []), ''];
  for (const [title, text] of facts) if (text) lines.push(`${paint('faint', title.padEnd(10))}${printable(text)}`);
  lines.push(...grantLines(plugin, paint));
  const subscriptions = subscriptionsOf(registry, plugin);
  if (subscriptions.length > 0) {
    const columns = ['hook', 'mode', 'priority', 'ms', 'on failure'].map((title) => ({ title }));
    const rows = subscriptions.map((one) =>
      [one.hook, one.mode, String(one.priority), String(one.timeoutMs), one.onFailure].map(printable),
    );
    lines.push('', table(columns, rows, context));
  }
  const notes = notesOn(plugin, context);
  return [...lines, ...(notes.length > 0 ? ['', ...notes] : [])].join('\n');
}

function sandboxText({ confinement, state, trust }: RegisteredPlugin): string | undefined {
  if (confinement) return `${confinement.driver.name} (${confinement.driver.grade})`;
  return state === 'enabled' && trust === 'full' ? 'none: it runs with your rights' : undefined;
}

/** Digits of a hash that people compare. */
const SHORT_HASH = 'sha256-'.length + 12;

function contentText({ hash, lock }: RegisteredPlugin): string | undefined {
  if (lock === 'none') return undefined;
  return hash === undefined ? 'changed since it was accepted' : `${hash.slice(0, SHORT_HASH)}, as it was accepted`;
}

function grantLines({ granted, confinement }: RegisteredPlugin, paint: CliContext['paint']): string[] {
  const lines = consentLines(granted).map(({ text, isWide }) => (isWide ? paint('bad', `! ${printable(text)}`) : `  ${printable(text)}`));
  const hidden = (confinement?.hidden ?? []).map((path) => `  ${printable(path)}`);
  return [...(lines.length > 0 ? ['', 'it may', ...lines] : []), ...(hidden.length > 0 ? ['', 'it sees empty', ...hidden] : [])];
}
