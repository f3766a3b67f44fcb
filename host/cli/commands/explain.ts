import type { Explanation, Host } from '../../daemon/types.ts';
import type { OrderedSubscription } from '../../registry/types.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { anyHooks, withHost } from '../open-host.ts';
import { printable } from '../print/printable.ts';
import { type Cell, table } from '../print/table.ts';

/** `outrigger explain`: who would be asked, in what order and why, and who would not. */
export async function explain(context: CliContext, hook: string): Promise<number> {
  const print = async (host: Host): Promise<number> => {
    const explanation = anyHooks(host).explain(hook);
    context.answer(documentOf(explanation), () => textOf(explanation, context));
    return EXIT.done;
  };
  return withHost(context, print, { startEager: false });
}

function documentOf({ hook, description, stages, left }: Explanation): object {
  return { hook, description, plan: stages.flatMap((stage, index) => stage.map((line) => planLine(line, index))), left };
}

function planLine({ subscription, why }: OrderedSubscription, stage: number): object {
  const { plugin, mode, priority, timeoutMs, onFailure, match } = subscription;
  return { stage, plugin, mode, priority, timeoutMs, onFailure, ...(match ? { match } : {}), why };
}

function textOf({ hook, description, stages, left }: Explanation, context: CliContext): string {
  const { paint } = context;
  const rows = stages.flatMap((stage, index) => stage.map((line) => row(line, index)));
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

function row({ subscription, why }: OrderedSubscription, stage: number): Cell[] {
  return [
    { text: String(stage + 1), tone: 'faint' },
    { text: printable(subscription.plugin), tone: 'name' },
    { text: subscription.mode },
    { text: subscription.onFailure },
    { text: String(subscription.timeoutMs) },
    { text: printable(why.join('; ')) },
  ];
}
