export type { HookMap } from '@outrigger/schemas';
export { block, modify, replace } from './answers.ts';
export { definePlugin } from './define-plugin.ts';
export { ServiceError } from './peer.ts';
export type { Answer, Handler, HandlerContext, Plugin, PluginContext, PluginDefinition } from './types.ts';
