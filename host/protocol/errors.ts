/** Every code Outrigger can produce: what it means, and its JSON-RPC number when it may cross the wire. Codes are permanent. */
export const ERRORS = {
  // The caller of the host: thrown as HostError.
  HOOK_UNKNOWN: { meaning: 'No catalog declares the hook point', wire: -32005 },
  PAYLOAD_INVALID: { meaning: 'The payload does not fit the hook point’s schema', wire: -32006 },
  HANDLER_INVALID: { meaning: 'An in-process handler or one of its options cannot be used' },
  CATALOG_INVALID: { meaning: 'A catalog cannot be used' },
  CONFIG_INVALID: { meaning: 'The configuration cannot be used' },
  PLUGIN_UNKNOWN: { meaning: 'No plugin has this name' },
  PLUGIN_REQUIRED: { meaning: 'A plugin that the configuration requires cannot be loaded' },
  ORDER_CYCLE: { meaning: 'before and after ask for an order that goes round in a circle' },
  SCOPE_CLOSED: { meaning: 'The session, block or operation has ended' },
  EVENT_CANCELLED: { meaning: 'The caller cancelled the event', wire: -32800 },
  HOST_STOPPED: { meaning: 'The host is stopping or has stopped', wire: -32010 },
  STORAGE_FAILED: { meaning: 'The host could not read or write its own files', wire: -32603 },

  // A plugin failed: the code of a `failed` answer.
  PLUGIN_START_FAILED: { meaning: 'The plugin’s process could not be started or ended before the handshake' },
  PLUGIN_START_TIMEOUT: { meaning: 'The plugin did not finish the handshake before the start deadline' },
  PLUGIN_PROTOCOL_UNSUPPORTED: { meaning: 'Host and plugin have no protocol version in common' },
  PLUGIN_DECLINED: { meaning: 'The plugin said in the handshake that it cannot serve here' },
  PLUGIN_REFUSED: { meaning: 'The plugin is not trusted and nothing can confine it here' },
  PLUGIN_BACKING_OFF: { meaning: 'The plugin failed and its next start is later than the call may wait' },
  PLUGIN_QUARANTINED: { meaning: 'The plugin failed too often and is set aside until it is restarted by hand or the cool-down ends' },
  PLUGIN_EXITED: { meaning: 'The plugin’s process ended while the call was in flight' },
  PLUGIN_HUNG: { meaning: 'The plugin ignored a cancellation, was killed, and took this call with it' },
  PLUGIN_TIMEOUT: { meaning: 'The plugin did not answer within the call’s timeout' },
  PLUGIN_OVERLOADED: { meaning: 'The plugin’s queue is full' },
  PLUGIN_POLLUTED: { meaning: 'The plugin wrote too much on stdout that is no message' },
  PLUGIN_ERROR: { meaning: 'The plugin answered with an error' },
  PLUGIN_BREAKER_OPEN: { meaning: 'The circuit breaker of this plugin and hook point is open' },
  PLUGIN_STOPPED: { meaning: 'The plugin was stopped by the operator or the host while the call was in flight' },
  MESSAGE_TOO_LARGE: { meaning: 'A message is larger than the limit', wire: -32007 },
  MESSAGE_INVALID: { meaning: 'A message is not valid JSON, UTF-8 or framing' },
  ANSWER_INVALID: { meaning: 'The answer does not fit the schema of answers' },
  ANSWER_NOT_ALLOWED: { meaning: 'The answer does what the hook point or the mode does not allow' },
  ANSWER_NOT_WRITABLE: { meaning: 'The answer changes a part of the payload that is not writable' },
  ANSWER_PAYLOAD_INVALID: { meaning: 'The payload would not fit its schema after the answer’s changes' },
  ANSWER_VALUE_INVALID: { meaning: 'The replacement value does not fit the hook point’s schema' },
  EVENT_BUDGET_SPENT: { meaning: 'The event’s time for all plugins together is over' },
  EVENT_POISONED: { meaning: 'The event killed this plugin twice and is not tried again' },

  // A plugin asked the host for something: the error it gets.
  PARSE_ERROR: { meaning: 'The message is not JSON', wire: -32700 },
  REQUEST_INVALID: { meaning: 'The message is no JSON-RPC 2.0 request; batches are not supported', wire: -32600 },
  METHOD_UNKNOWN: { meaning: 'The method does not exist', wire: -32601 },
  PARAMS_INVALID: { meaning: 'The parameters do not fit the method’s schema', wire: -32602 },
  INTERNAL_ERROR: { meaning: 'The host failed; its log says how', wire: -32603 },
  PERMISSION_DENIED: { meaning: 'The plugin was not granted this service', wire: -32001 },
  PROTOCOL_UNSUPPORTED: { meaning: 'The protocol version is not supported', wire: -32002 },
  SERVICE_BUSY: { meaning: 'The plugin has too many requests to the host in flight', wire: -32003 },
  QUOTA_EXCEEDED: { meaning: 'The plugin’s storage is full', wire: -32004 },
  EMIT_TOO_DEEP: { meaning: 'hook/emit calls are nested too deeply', wire: -32008 },
  EMIT_CYCLE: {
    meaning: 'hook/emit would fire a hook point that is already being handled in the same chain',
    wire: -32009,
  },
  SECRET_UNKNOWN: { meaning: 'No secret of this name is granted to the plugin', wire: -32011 },
  SERVICE_FAILED: { meaning: 'The service that the application registered failed', wire: -32012 },
} as const;

export type ErrorCode = keyof typeof ERRORS;

/** Our own failure or the caller’s misuse. A plugin’s failure is a value, never one of these. */
export class HostError extends Error {
  override readonly name = 'HostError';
  readonly code: ErrorCode;
  readonly data: unknown;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; data?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.data = options.data;
  }
}

/** The JSON-RPC number of a code that may cross the wire; −32603 for one that may not. */
export function wireNumber(code: ErrorCode): number {
  return (ERRORS as Record<ErrorCode, { meaning: string; wire?: number }>)[code].wire ?? -32603;
}

/** What was thrown, as text; whatever it is, for code that is not ours may throw anything. */
export function errorText(thrown: unknown): string {
  try {
    return `${thrown instanceof Error ? thrown.message : thrown}`;
  } catch {
    return 'something that cannot be shown as text';
  }
}
