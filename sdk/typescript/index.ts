export type { HookMap } from '@outrigger/schemas';
export { block, modify, replace } from './answers.ts';
export { definePlugin } from './define-plugin.ts';
export type { FetchOptions, FetchResponse, NetDenial } from './fetch.ts';
export { ServiceError } from './peer.ts';
export type { Answer, Handler, HandlerContext, PermissionAnswer, Plugin, PluginContext, PluginDefinition } from './types.ts';
