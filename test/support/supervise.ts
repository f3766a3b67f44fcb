import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { Timers } from '../../host/process/timers.ts';
import type { Failure, Logger } from '../../host/protocol/types.ts';
import type { Times } from '../../host/supervisor/restart-policy.ts';
import { SupervisedPlugin, type SupervisorDeps } from '../../host/supervisor/supervised-plugin.ts';
import type { CallReply, HookCall, PluginSpec, PluginState } from '../../host/supervisor/types.ts';
import { waitUntil } from './wait-until.ts';

export const FIXTURES: string = fileURLToPath(new URL('../fixtures/processes', import.meta.url));

/** Back-off and ladder fast enough for tests; quarantine long enough never to end by itself. */
const TEST_TIMES: Partial<Times> = { backoffFirstMs: 20, stopStepMs: 300, cooldownMs: 600_000 };

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A supervised fixture with what it logged and the states it went through. Close it. */
export interface Rig {
  readonly plugin: SupervisedPlugin;
  readonly timers: Timers;
  readonly logs: LogLine[];
  readonly states: PluginState[];
  /** Invokes and waits for the reply. */
  call(event: string, options?: Partial<HookCall>): Promise<CallReply>;
  /** A call whose settling is counted by the caller. */
  hookCall(event: string, settle: (reply: CallReply) => void, options?: Partial<HookCall>): HookCall;
  state(state: PluginState): Promise<void>;
  close(): Promise<void>;
}

export interface RigOptions {
  readonly spec?: Partial<PluginSpec>;
  readonly deps?: Partial<SupervisorDeps>;
  readonly times?: Partial<Times>;
}

/** Supervises a fixture for the length of the test that calls this. */
export function rigOf(fixture: string, options?: RigOptions): Rig {
  const rig = supervise(fixture, options);
  onTestFinished(() => rig.close());
  return rig;
}

/** Supervises `test/fixtures/processes/<fixture>.mjs`. */
export function supervise(fixture: string, options: RigOptions = {}): Rig {
  const timers = new Timers();
  const logs: LogLine[] = [];
  const states: PluginState[] = [];
  const write =
    (level: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      logs.push({ level, message, fields });
    };
  const log: Logger = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  const plugin = new SupervisedPlugin(specOf(fixture, options.spec), {
    timers,
    log,
    serve: () => Promise.resolve({}),
    random: () => 0.5,
    onStatus: (status) => states.push(status.state),
    ...options.deps,
    times: { ...TEST_TIMES, ...options.times },
  });
  const hookCall: Rig['hookCall'] = (event, settle, more) => ({
    event,
    hook: 'test.hook',
    shared: `"event":${JSON.stringify(event)},"hook":"test.hook","context":{},"payload":{}`,
    state: undefined,
    timeoutMs: 5_000,
    deadline: timers.now() + 10_000,
    idempotent: false,
    settle,
    ...more,
  });
  return {
    plugin,
    timers,
    logs,
    states,
    hookCall,
    call: (event, more) => new Promise((resolve) => plugin.invoke(hookCall(event, resolve, more))),
    state: (state) => waitUntil(() => plugin.status().state === state, `state ${state}, now ${JSON.stringify(plugin.status())}`),
    close: async () => {
      await plugin.close();
      timers.close();
    },
  };
}

export function specOf(fixture: string, more: Partial<PluginSpec> = {}): PluginSpec {
  return {
    name: fixture,
    version: '1.2.3',
    launch: { plugin: fixture, command: process.execPath, args: [`${fixture}.mjs`], cwd: FIXTURES, env: {} },
    confine: undefined,
    framing: 'lines',
    hooks: ['test.hook'],
    config: { level: 1 },
    activation: 'lazy',
    idleStopMs: 0,
    concurrency: 16,
    queueCalls: 1_000,
    queueBytes: 10_000_000,
    startDeadlineMs: 10_000,
    maxMessageBytes: 1_000_000,
    logsPerSecond: 200,
    pollutionLines: 10,
    inspect: false,
    ...more,
  };
}

/** The failure of a reply; fails the test when there is none. */
export function failureOf(reply: CallReply): Failure {
  if (reply.ok) throw new Error(`Expected a failure, got ${JSON.stringify(reply.answer)}`);
  return reply.failure;
}

/** Whether a process runs; a zombie does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return !isZombie(pid);
}

function isZombie(pid: number): boolean {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
