import type { AnyHost } from '../daemon/clients/types.ts';
import type { LogLevel } from '../protocol/log-levels.ts';

/** The lowest log level of each plugin for which the operator has set one, as the configuration in force says. */
export class PluginLevels {
  #levels: ReadonlyMap<string, LogLevel> = new Map();

  readonly of = (plugin: string): LogLevel | undefined => this.#levels.get(plugin);

  /** Follows the configuration of the host; the result ends it. */
  follow(host: AnyHost): () => void {
    const take = (): void => {
      this.#levels = new Map(
        host.plugins().flatMap(({ registered: { name, logLevel } }) => (logLevel === undefined ? [] : [[name, logLevel] as const])),
      );
    };
    take();
    return host.onChange(take);
  }
}
