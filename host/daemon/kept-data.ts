import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Permissions } from '@outrigger/schemas';
import type { Logger } from '../protocol/types.ts';
import { keptAs } from '../registry/data-folder.ts';
import type { Registry } from '../registry/types.ts';
import type { PluginSpec } from '../supervisor/types.ts';
import { PluginStorage, storageQuota } from './storage.ts';

interface KeptDataOptions {
  /** The one in force. */
  readonly registry: Registry;
  readonly dataDir: string;
  readonly log: Logger;
}

/** What plugins keep on disk. It belongs to the folder a plugin comes from: a namesake in another project starts with nothing. */
export class KeptData {
  readonly #options: KeptDataOptions;
  readonly #storages: Map<string, PluginStorage> = new Map();

  constructor(options: KeptDataOptions) {
    this.#options = options;
  }

  storage(plugin: string): PluginStorage {
    const { plugins, config } = this.#options.registry;
    // A reload may have moved the plugin elsewhere.
    const key = JSON.stringify([plugin, plugins.get(plugin)?.directory]);
    let storage = this.#storages.get(key);
    if (storage === undefined) {
      const quotaBytes = storageQuota(plugins.get(plugin)?.manifest?.limits?.storageMb, config.sandbox?.limits?.storageMb);
      storage = new PluginStorage(this.#folder('storage', plugin), { plugin, quotaBytes });
      this.#storages.set(key, storage);
    }
    return storage;
  }

  /** Tells of data folders of namesakes when a start is about to make the plugin's own. */
  noticing(spec: PluginSpec, granted: () => Permissions): PluginSpec {
    const { name, confine } = spec;
    if (confine === undefined) return spec;
    return {
      ...spec,
      confine: () => {
        const { read = [], write = [] } = granted().fs ?? {};
        if ([...read, ...write].some((path) => path.startsWith(`\${data}`))) this.#folder('data', name);
        return confine();
      },
    };
  }

  #folder(kind: 'storage' | 'data', plugin: string): string {
    const { registry, dataDir, log } = this.#options;
    const parent = join(dataDir, kind);
    const folder = join(parent, keptAs(plugin, registry.plugins.get(plugin)?.directory ?? ''));
    const others = existsSync(folder) ? [] : namesakes(parent, plugin);
    const reason = `${kind} was kept for a plugin of this name in another folder; if it was this one, rename that to "${folder}"`;
    if (others.length > 0) log.warn('plugin begins with nothing kept', { plugin, reason, others });
    return folder;
  }
}

function namesakes(parent: string, plugin: string): string[] {
  const names = existsSync(parent) ? readdirSync(parent) : [];
  return names.filter((name) => name === plugin || name.replace(/-[0-9a-f]{16}$/, '') === plugin).map((name) => join(parent, name));
}
