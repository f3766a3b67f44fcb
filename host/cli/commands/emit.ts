import type { EmitResult, Trace } from '@outrigger/schemas';
import type { Wire } from '../../client/wire.ts';
import type { Outcome } from '../../dispatcher/types.ts';
import { HostError } from '../../protocol/errors.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { anyHooks } from '../open-host.ts';
import { parseObject } from '../parse-object.ts';
import { traceTable } from '../print/trace-table.ts';
import { type DaemonOptions, withRunningDaemon } from '../running-daemon.ts';
import { withRecording } from '../with-recording.ts';

interface EmitOptions extends DaemonOptions {
  readonly payload?: string;
  readonly session?: string;
  readonly operation?: string;
}

interface Fired extends EmitOptions {
  readonly hook: string;
  readonly body: Record<string, unknown>;
}

type Document = Pick<Outcome<object>, 'event' | 'hook' | 'status' | 'payload' | 'value'> & { readonly trace: Trace };

/** `outrigger emit`, through the daemon of this config where one runs: 3 when a plugin blocked the event, 4 when the daemon ended meanwhile. */
export async function emit(context: CliContext, hook: string, options: EmitOptions): Promise<number> {
  const body = parseObject(String(options.payload), { what: 'payload', cwd: context.cwd });
  const fired = { ...options, hook, body };
  const outcome = (await withRunningDaemon(context, options, (wire) => there(context, wire, fired))) ?? (await here(context, fired));
  if (outcome === 'lost') return EXIT.unreachable;
  context.answer(outcome, () => traceTable(outcome.trace, context));
  return outcome.status === 'blocked' ? EXIT.blocked : EXIT.done;
}

/** Not tried again where the daemon ends: plugins may have seen the event. */
async function there({ log }: CliContext, wire: Wire, { hook, body, session, operation }: Fired): Promise<Document | 'lost'> {
  try {
    if (session !== undefined) await wire.request('session/open', { id: session });
    const result = await wire.request<EmitResult>('emit', { hook, payload: body, session, operation, trace: true });
    const { event, status, payload = body, by, cause, violation, value, retryAfterMs, trace } = result;
    return { event, hook, status, payload, by, cause, violation, value, retryAfterMs, trace } as unknown as Document;
  } catch (error) {
    if (!(error instanceof HostError && error.code === 'HOST_STOPPED')) throw error;
    log.error(`Cannot say what became of the event: ${error.message}`, { code: error.code });
    return 'lost';
  }
}

function here(context: CliContext, { hook, body, session, operation, ...options }: Fired): Promise<Document> {
  return withRecording(context, options, async (host) => {
    const scope = anyHooks(session === undefined ? host : host.session({ id: session }));
    return documentOf(await (operation === undefined ? scope : scope.operation(operation)).emit(hook, body));
  });
}

function documentOf({ event, hook, status, payload, by, cause, violation, value, retryAfterMs, trace }: Outcome<object>): Document {
  return { event, hook, status, payload, by, cause, violation, value, retryAfterMs, trace } as Document;
}
