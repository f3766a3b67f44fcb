import type { HooksExplainResult } from '@outrigger/schemas';
import { explained } from '../../daemon/clients/explain-hook.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { anyHooks, withHost } from '../open-host.ts';
import { printable } from '../print/printable.ts';
import { type Cell, table } from '../print/table.ts';
import { type DaemonOptions, withRunningDaemon } from '../running-daemon.ts';

/** `outrigger explain`: who would be asked, in what order and why, and who would not; as the daemon has it, where one runs. */
export async function explain(context: CliContext, hook: string, options: DaemonOptions): Promise<number> {
  const there = await withRunningDaemon(context, options, (wire) => wire.request<HooksExplainResult>('hooks/explain', { hook }));
  const plan = there ?? (await withHost(context, async (host) => explained(anyHooks(host).explain(hook)), { startEager: false }));
  context.answer(plan, () => textOf(plan, context));
  return EXIT.done;
}

function textOf({ hook, description, plan, left }: HooksExplainResult, context: CliContext): string {
  const { paint } = context;
  const rows = plan.map(row);
  const columns = [
    { title: '#', align: 'right' as const },
    { title: 'plugin' },
    { title: 'mode' },
    { title: 'on failure' },
    { title: 'ms', align: 'right' as const },
    { title: 'why it stands here', wraps: true as const },
  ];
  const lines = [paint('strong', printable(hook)), printable(description), ''];
  lines.push(rows.length > 0 ? table(columns, rows, context) : 'No plugin hears this hook point');
  if (left.length > 0) {
    const others = left.map(({ plugin, reason }): Cell[] => [{ text: printable(plugin), tone: 'faint' }, { text: printable(reason) }]);
    lines.push('', table([{ title: 'not in the plan' }, { title: 'why not', wraps: true }], others, context));
  }
  return lines.join('\n');
}

function row({ stage, plugin, mode, onFailure, timeoutMs, why }: HooksExplainResult['plan'][number]): Cell[] {
  return [
    { text: String(stage + 1), tone: 'faint' },
    { text: printable(plugin), tone: 'name' },
    { text: mode },
    { text: onFailure },
    { text: String(timeoutMs) },
    { text: printable(why.join('; ')) },
  ];
}
