import type { Outcome } from '../../dispatcher/types.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { anyHooks } from '../open-host.ts';
import { parseObject } from '../parse-object.ts';
import { traceTable } from '../print/trace-table.ts';
import { withRecording } from '../with-recording.ts';

/** `outrigger emit`: 3 when a plugin blocked the event. */
export async function emit(context: CliContext, hook: string, options: Record<string, unknown>): Promise<number> {
  const payload = parseObject(String(options['payload']), { what: 'payload', cwd: context.cwd });
  const { session, operation } = options as { session?: string; operation?: string };
  return withRecording(context, options, async (host) => {
    const scope = anyHooks(session === undefined ? host : host.session({ id: session }));
    const outcome = await (operation === undefined ? scope : scope.operation(operation)).emit(hook, payload);
    context.answer(documentOf(outcome), () => traceTable(outcome.trace, context));
    return outcome.status === 'blocked' ? EXIT.blocked : EXIT.done;
  });
}

function documentOf({ event, hook, status, payload, by, cause, violation, value, retryAfterMs, trace }: Outcome<object>): object {
  return { event, hook, status, payload, by, cause, violation, value, retryAfterMs, trace };
}
