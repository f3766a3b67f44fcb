import type { Logger } from './types.ts';

export type LogLevel = keyof Logger;

/** From the lowest. */
export const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** What the log of a plugin's own words says of where they came from. */
export type LogStream = 'log' | 'stderr';

export function isAtLeast(level: LogLevel, lowest: LogLevel): boolean {
  return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(lowest);
}

/** The name of the plugin whose own words a line of the log is; undefined for the host's, also where they are about a plugin. */
export function speakerOf(fields: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const plugin = fields?.['plugin'];
  return fields?.['stream'] !== undefined && typeof plugin === 'string' ? plugin : undefined;
}

/** The same log without the words of plugins below the level that the operator set for them; the host's own pass. */
export function leveledLog(log: Logger, levelOf: (plugin: string) => LogLevel | undefined): Logger {
  const write =
    (level: LogLevel): Logger[LogLevel] =>
    (message, fields) => {
      const speaker = speakerOf(fields);
      const lowest = speaker === undefined ? undefined : levelOf(speaker);
      if (lowest === undefined || isAtLeast(level, lowest)) log[level](message, fields);
    };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}
