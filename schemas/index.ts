export * from './generated/catalogs.ts';
export type * from './generated/hooks.ts';
export { methods } from './generated/methods.ts';
export type * from './generated/protocol.ts';
export type { ValidationIssue, Validator } from './types.ts';
