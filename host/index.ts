export { type CatalogHooks, type CatalogSource, defineCatalog } from './daemon/define-catalog.ts';
export { createHost } from './daemon/host.ts';
export type { ReloadOptions, ReloadRecord } from './daemon/live/reloader.ts';
export type { AskPermission, Consent, PermissionQuestion } from './daemon/permission-requests.ts';
export type { SecretSource } from './daemon/secrets.ts';
export type { Explanation, Handler, HandlerOptions, Hook, Host, HostOptions, Operation, Scope, Service, Session } from './daemon/types.ts';
export type { HandlerContext, Outcome } from './dispatcher/types.ts';
export { type ErrorCode, HostError } from './protocol/errors.ts';
export type { Logger } from './protocol/types.ts';
