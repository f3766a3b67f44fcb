export { type CatalogHooks, type CatalogSource, defineCatalog } from './daemon/define-catalog.ts';
export { createHost } from './daemon/host.ts';
export type { Explanation, Handler, HandlerOptions, Hook, Host, HostOptions, Operation, Scope, Service, Session } from './daemon/types.ts';
export type { HandlerContext, Outcome } from './dispatcher/types.ts';
export { type ErrorCode, HostError } from './protocol/errors.ts';
export type { Logger } from './protocol/types.ts';
