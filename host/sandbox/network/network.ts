import type { NetDenial, NetRule } from '../types.ts';
import { listenInside, PROXY_PORT } from './listen-inside.ts';
import { PluginProxy } from './proxy.ts';
import type { Lookup } from './resolve-target.ts';

export interface NetworkOptions {
  readonly plugin: string;
  /** Process inside the plugin's network namespace that has not started the plugin yet. */
  readonly pid: number;
  readonly rules: readonly NetRule[];
  onDenied(denial: NetDenial): void;
  /** Resolves granted names; the system's resolver by default. */
  readonly lookup?: Lookup;
}

export interface Network {
  /** Ends all connections; idempotent. */
  close(): void;
}

/** Variables that make programs use the proxy. Pure. */
export function proxyEnvironment(): Record<string, string> {
  const url = `http://127.0.0.1:${PROXY_PORT}`;
  return {
    HTTP_PROXY: url,
    HTTPS_PROXY: url,
    NODE_USE_ENV_PROXY: '1',
    NO_PROXY: '',
    http_proxy: url,
    https_proxy: url,
    no_proxy: '',
  };
}

/** Lets a proxy with these rules listen on 127.0.0.1 inside the plugin's own network namespace. Rejects with a reason for people. */
export async function openNetwork({ plugin, pid, ...options }: NetworkOptions): Promise<Network> {
  const listener = await listenInside({ plugin, pid });
  const proxy = new PluginProxy(options);
  proxy.attach(listener);
  return { close: () => proxy.close() };
}
