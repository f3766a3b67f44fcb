import { didYouMean } from '../../protocol/did-you-mean.ts';
import { HostError } from '../../protocol/errors.ts';
import type { LoadedHook, Registry } from '../../registry/types.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { openRegistry } from '../open-registry.ts';
import { printable } from '../print/printable.ts';
import { problemText } from '../print/problem-text.ts';
import { schemaFields } from '../print/schema-fields.ts';
import { type Cell, table } from '../print/table.ts';

/** `outrigger hooks list` */
export async function listHooks(context: CliContext): Promise<number> {
  const registry = await openWithWarnings(context);
  const hooks = [...registry.hooks.values()].map((hook) => summary(registry, hook));
  context.answer({ hooks }, () => {
    const columns = [{ title: 'hook' }, { title: 'plugins may' }, { title: 'heard by' }, { title: 'description' }];
    const rows = hooks.map(({ name, allows, subscribers, description }): Cell[] => [
      { text: printable(name), tone: 'name' },
      { text: allows.join(', ') || 'observe' },
      { text: printable(subscribers.join(', ')) },
      { text: printable(description) },
    ]);
    return table(columns, rows, context);
  });
  return EXIT.done;
}

/** `outrigger hooks show` */
export async function showHook(context: CliContext, name: string): Promise<number> {
  const registry = await openWithWarnings(context);
  const hook = registry.hooks.get(name);
  if (!hook) {
    const guess = didYouMean(name, registry.hooks.keys());
    throw new HostError('HOOK_UNKNOWN', `Cannot show hook point "${name}": no catalog declares it${guess}`);
  }
  context.answer(details(registry, hook), () => describe(registry, hook, context));
  return EXIT.done;
}

/** A hook point that is broken is missing from the list: somebody should hear why. */
async function openWithWarnings(context: CliContext): Promise<Registry> {
  const registry = await openRegistry(context);
  for (const problem of registry.problems) if (problem.plugin === undefined) context.log.warn(problemText(problem, context.cwd));
  return registry;
}

function summary(registry: Registry, { name, description, allows }: LoadedHook) {
  const subscribers = (registry.subscriptions.get(name) ?? []).map(({ plugin }) => plugin);
  return { name, description, allows: [...allows], subscribers };
}

function details(registry: Registry, hook: LoadedHook): object {
  const { catalog, writable, timeoutMs, budgetMs, onFailure, idempotent, ordered, pairs, rules } = hook;
  return {
    ...summary(registry, hook),
    catalog,
    version: rules.version ?? 1,
    writable,
    timeoutMs,
    budgetMs,
    ...(onFailure === undefined ? {} : { onFailure }),
    idempotent,
    ordered,
    pairs,
    payload: rules.payload,
    ...(rules.replaceSchema === undefined ? {} : { replaceSchema: rules.replaceSchema }),
  };
}

function describe(registry: Registry, hook: LoadedHook, context: CliContext): string {
  const { paint } = context;
  const { allows, subscribers } = summary(registry, hook);
  const facts = [
    ['plugins may', allows.join(', ') || 'observe only'],
    ['one plugin', `${hook.timeoutMs} ms`],
    ['all together', `${hook.budgetMs} ms`],
    ['on failure', hook.onFailure ?? 'as the mode says'],
    ['pairs with', hook.pairs.join(', ')],
    ['heard by', subscribers.join(', ')],
  ];
  const lines = [paint('strong', printable(hook.name)), printable(hook.description), ''];
  for (const [title = '', text = ''] of facts) if (text) lines.push(`${paint('faint', title.padEnd(14))}${printable(text)}`);
  lines.push('', fieldTable(hook.rules.payload, hook.writable, context));
  const replacement = hook.rules.replaceSchema;
  if (typeof replacement === 'object') lines.push('', 'A replacement holds:', fieldTable(replacement, undefined, context));
  return lines.join('\n');
}

function fieldTable(schema: LoadedHook['rules']['payload'], writable: readonly string[] | undefined, context: CliContext): string {
  const fields = typeof schema === 'object' ? schemaFields(schema) : [];
  const columns = ['field', 'type', 'required', ...(writable ? ['writable'] : []), 'description'].map((title) => ({ title }));
  const rows = fields.map(({ name, type, required, description }): Cell[] => [
    { text: name, tone: 'name' },
    { text: type },
    { text: required ? 'yes' : '' },
    ...(writable ? [{ text: isWritable(name, writable) ? 'yes' : '', tone: 'good' } as const] : []),
    { text: description },
  ]);
  return table(columns, rows, context);
}

/** Whole, or in a part that lies below it. */
function isWritable(field: string, writable: readonly string[]): boolean {
  return writable.some((pointer) => pointer === '' || pointer.split('/')[1] === field);
}
