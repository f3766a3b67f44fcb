export { HostError } from '../protocol/errors.ts';
export { connect } from './connect.ts';
export type {
  Client,
  ClientEmitOptions,
  ClientOperation,
  ClientOutcome,
  ClientScope,
  ClientSession,
  ConnectOptions,
  FollowOptions,
} from './types.ts';
