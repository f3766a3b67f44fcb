import { randomBytes } from 'node:crypto';
import type { EmitResult, Violation } from '@outrigger/schemas';
import type { Wire } from '../client/wire.ts';
import type { runCommand } from '../command/run-command.ts';
import { HostError } from '../protocol/errors.ts';
import { compileMatch } from '../registry/match.ts';
import type { CliContext } from './context.ts';
import { openRegistry } from './open-registry.ts';

/** What a command with hooks around it needs of a host. */
export type CommandHost = Parameters<typeof runCommand>[0];

type Operation = ReturnType<CommandHost['operation']>;
type Payload = Record<string, unknown>;

/** The daemon is gone, or does not keep the budget of the hook point: 30 s, which it promises, and some to answer. */
const GONE: ReadonlySet<string> = new Set(['HOST_STOPPED', 'EVENT_CANCELLED']);
const LATE_MS = 40_000;

/** The daemon as the host of one command. When it ends, or hangs, in the middle, the policy of those who hear the hook point decides, and it is said once. */
export function commandHost(context: CliContext, wire: Wire, heard: readonly string[], lateMs: number = LATE_MS): CommandHost {
  let isLost = false;
  const emit = async (operation: string, hook: string, payload: Payload): Promise<object> => {
    try {
      const result = await wire.request<EmitResult>('emit', { hook, payload, operation }, AbortSignal.timeout(lateMs));
      return { payload, ...result };
    } catch (error) {
      if (!(error instanceof HostError && GONE.has(error.code))) throw error;
      isLost = true;
      // Whoever runs the command says so where it has ended already.
      if (hook !== 'conda.pre_command') throw error;
      return lost(context, { hook, payload, why: error.message });
    }
  };
  const operation = (id: string = `o${randomBytes(9).toString('base64url')}`): Operation => {
    const end = (): void => void wire.request('operation/end', { operation: id }).catch(() => {});
    const fire = (hook: string, payload: Payload) => emit(id, hook, payload);
    return { id, emit: fire as unknown as Operation['emit'], end, [Symbol.dispose]: end };
  };
  return { has: (hook: string) => !isLost && heard.includes(hook), operation };
}

interface Lost {
  readonly hook: string;
  readonly payload: Payload;
  readonly why: string;
}

/** What becomes of an event whose daemon is gone: fail closed where one that was to be asked fails closed, else go on. */
async function lost(context: CliContext, { hook, payload, why }: Lost): Promise<object> {
  const guards = await guardsOf(context, hook, payload);
  if (guards.length === 0) {
    context.log.error(`The daemon was lost, so "${hook}" goes on without plugins: ${why}`, { code: 'HOST_STOPPED' });
    return { status: 'continued', payload };
  }
  const violation: Violation = { code: 'HOST_STOPPED', reason: `the daemon was lost before ${guards.join(', ')} had answered` };
  return { status: 'blocked', by: guards[0], cause: 'failure', payload, violation };
}

/** Plugins that would have been asked, and whose failure stops the event, by the configuration as it is now. */
async function guardsOf(context: CliContext, hook: string, payload: Payload): Promise<string[]> {
  const { subscriptions, config } = await openRegistry(context, { isLenient: true });
  return (subscriptions.get(hook) ?? [])
    .filter(({ plugin }) => config.plugins?.[plugin]?.scope !== 'session')
    .filter(({ mode, onFailure }) => onFailure === 'fail' && mode !== 'fire_and_forget' && mode !== 'disabled')
    .filter(({ match }) => compileMatch(match)(payload))
    .map(({ plugin }) => plugin);
}
