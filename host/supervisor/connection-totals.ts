import type { ConnectionStats } from '../process/types.ts';

/** Counters of all connections a plugin had, one after another. */
export class ConnectionTotals {
  #ended: ConnectionStats = {
    messagesIn: 0,
    messagesOut: 0,
    bytesIn: 0,
    bytesOut: 0,
    pollutionLines: 0,
    pollutionSample: undefined,
    invalidMessages: 0,
    lateReplies: 0,
    unknownReplies: 0,
    logsDropped: 0,
    servicesRefused: 0,
  };

  /** A connection has ended with these counters. */
  add(stats: ConnectionStats): void {
    this.#ended = sum(this.#ended, stats);
  }

  /** The ended ones and the one in use. */
  with(current: ConnectionStats | undefined): ConnectionStats {
    return current === undefined ? this.#ended : sum(this.#ended, current);
  }
}

function sum(a: ConnectionStats, b: ConnectionStats): ConnectionStats {
  return {
    messagesIn: a.messagesIn + b.messagesIn,
    messagesOut: a.messagesOut + b.messagesOut,
    bytesIn: a.bytesIn + b.bytesIn,
    bytesOut: a.bytesOut + b.bytesOut,
    pollutionLines: a.pollutionLines + b.pollutionLines,
    pollutionSample: a.pollutionSample ?? b.pollutionSample,
    invalidMessages: a.invalidMessages + b.invalidMessages,
    lateReplies: a.lateReplies + b.lateReplies,
    unknownReplies: a.unknownReplies + b.unknownReplies,
    logsDropped: a.logsDropped + b.logsDropped,
    servicesRefused: a.servicesRefused + b.servicesRefused,
  };
}
