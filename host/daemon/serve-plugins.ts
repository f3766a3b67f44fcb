import type { Permissions } from '@outrigger/schemas';
import { APPLICATION } from './audit.ts';
import type { Core, CoreOptions } from './core.ts';
import { nestedEmit } from './nested-emit.ts';
import { PermissionRequests } from './permission-requests.ts';
import { pluginFetch } from './plugin-fetch.ts';
import { LIMITS } from './plugin-spec.ts';
import { openSecretStore, type SecretStore } from './secret-store.ts';
import { type SecretSource, Secrets } from './secrets.ts';
import { makeServe, type Serve } from './services.ts';

type ServeOptions = Pick<CoreOptions, 'services' | 'secrets' | 'onPermissionRequest' | 'recordGrant' | 'env' | 'log'>;

/** Everything plugins may ask of one host, wired. Throws HANDLER_INVALID. */
export function servePlugins(core: Core, options: ServeOptions): Serve {
  const { grants, guard } = core;
  const { log } = options;
  const secrets = new Secrets({ source: options.secrets ?? ownSecrets(options.env), guard, log });
  const optional = (plugin: string): Permissions => core.registry.plugins.get(plugin)?.manifest?.optionalPermissions ?? {};
  const record = async (plugin: string, permissions: Permissions): Promise<string | undefined> => {
    // A grant there stands for what the lock file says.
    if (core.registry.config.plugins?.[plugin]?.grant !== undefined) return 'its grant stands in the configuration: add it there';
    return options.recordGrant === undefined ? 'this host keeps no lock file' : options.recordGrant(plugin, permissions);
  };
  const onGranted = (plugin: string, detail: string): void => core.audit({ action: 'grant', plugin, detail, by: APPLICATION });
  const requests = new PermissionRequests({ optional, grants, ask: options.onPermissionRequest, record, log, onGranted });
  const maxMessageBytes = (): number => core.registry.config.limits?.maxMessageBytes ?? LIMITS.maxMessageBytes;
  const capOf = (plugin: string) => (core.registry.plugins.get(plugin)?.trust === 'full' ? undefined : core.registry.config.sandbox?.net);
  return makeServe({
    granted: (plugin) => grants.of(plugin),
    storage: (plugin) => core.storage(plugin),
    emit: (plugin, params, signal) => nestedEmit(core, { plugin, params, signal }),
    secret: (plugin, name) => secrets.read({ plugin, granted: grants.of(plugin) }, name),
    fetch: (plugin, params, signal) =>
      pluginFetch(
        params,
        { plugin, granted: grants.of(plugin), cap: capOf(plugin), signal },
        { secrets, log, maxMessageBytes: maxMessageBytes() },
      ),
    mayRequest: (plugin) => Object.keys(optional(plugin)).length > 0,
    request: (plugin, params, signal) => requests.request(plugin, params, signal),
    services: options.services ?? {},
  });
}

/** The user's own store, looked for when the first plugin asks. */
function ownSecrets(env: CoreOptions['env']): SecretSource {
  let store: SecretStore | undefined;
  return (name) => {
    store ??= openSecretStore(env);
    return store.get(name);
  };
}
