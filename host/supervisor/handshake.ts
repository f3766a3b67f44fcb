import type { InitializeParams, InitializeResult } from '@outrigger/schemas';
import { methods } from '@outrigger/schemas';
import { initializeResult } from '@outrigger/schemas/validate-protocol';
import type { Connection } from '../process/connection.ts';
import type { Reply } from '../process/types.ts';
import { ERRORS } from '../protocol/errors.ts';
import type { Failure } from '../protocol/types.ts';
import type { PluginSpec } from './types.ts';

/** What this host calls itself; a test holds the version to package.json. */
export const HOST = { name: 'outrigger', version: '0.1.0' } as const;

/** How the handshake went; `declined` means that trying again will not help. */
export type Hello = { readonly ok: true } | { readonly ok: false; readonly death: 'declined' | 'start'; readonly failure: Failure };

/** The first exchange with a fresh process. Never rejects. */
export async function sayHello(connection: Connection, spec: PluginSpec, config: PluginSpec['config']): Promise<Hello> {
  const deadlineMs = spec.inspect ? Number.POSITIVE_INFINITY : spec.startDeadlineMs;
  const reply = await connection.request('initialize', initializeParams(spec, config), deadlineMs);
  return readHello(spec.name, reply, deadlineMs, connection.silence);
}

function initializeParams(spec: PluginSpec, config: PluginSpec['config']): InitializeParams {
  const { name, version, hooks, maxMessageBytes, concurrency } = spec;
  return {
    protocol: methods.protocol,
    protocols: [methods.protocol],
    host: { ...HOST },
    plugin: { name, version },
    config: { ...config },
    hooks: [...hooks],
    limits: { maxMessageBytes, concurrency },
  };
}

/** What an answer to `initialize` means. */
export function readHello(plugin: string, reply: Reply, deadlineMs: number, silence = ''): Hello {
  if (!reply.ok) return readRefusal(plugin, reply, deadlineMs, silence);
  const protocol = chosenProtocol(reply.result);
  if (protocol !== methods.protocol) {
    const old = protocol > methods.protocol ? 'the host is too old' : 'the plugin is too old';
    return unsupported(plugin, `it chose protocol ${protocol}, this host speaks ${methods.protocol}: ${old}`);
  }
  if (!isResult(reply.result)) {
    const [issue] = initializeResult.errors ?? [];
    const where = `result${issue?.instancePath ?? ''} ${issue?.message ?? 'does not fit its schema'}`;
    return failed('start', 'PLUGIN_START_FAILED', `Cannot start plugin "${plugin}": its answer to "initialize" is not valid: ${where}`);
  }
  if (typeof reply.result?.disable !== 'string') return { ok: true };
  return failed('declined', 'PLUGIN_DECLINED', `Cannot use plugin "${plugin}": it declined to serve here: ${reply.result.disable}`);
}

// Before the schema is asked: of a neighbouring version nothing but this number is known.
function chosenProtocol(result: unknown): number {
  const { protocol }: { protocol?: unknown } = typeof result === 'object' && result !== null ? result : {};
  return typeof protocol === 'number' ? protocol : methods.protocol;
}

function readRefusal(plugin: string, reply: Reply & { ok: false }, deadlineMs: number, silence: string): Hello {
  const { failure } = reply;
  if (reply.wireCode === ERRORS.PROTOCOL_UNSUPPORTED.wire) {
    return unsupported(plugin, `it does not speak protocol ${methods.protocol}, the only one of this host: ${failure.message}`);
  }
  if (failure.code === 'PLUGIN_TIMEOUT') {
    return failed('start', 'PLUGIN_START_TIMEOUT', `Cannot start plugin "${plugin}": no hello within ${deadlineMs} ms${silence}`);
  }
  return failed('start', 'PLUGIN_START_FAILED', `Cannot start plugin "${plugin}": ${failure.message}`);
}

function unsupported(plugin: string, why: string): Hello {
  return failed('declined', 'PLUGIN_PROTOCOL_UNSUPPORTED', `Cannot use plugin "${plugin}": ${why}`);
}

function failed(death: 'declined' | 'start', code: Failure['code'], message: string): Hello {
  return { ok: false, death, failure: { code, message } };
}

function isResult(result: unknown): result is InitializeResult {
  return initializeResult(result);
}
