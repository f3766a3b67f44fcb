export { HostError } from '../protocol/errors.ts';
export { CommandExit, exit } from './program/command-exit.ts';
export { addFlag, addPathFlags, callMethod, callWithConfigs, callWithNamedConfigs, preload } from './program/default-hooks.ts';
export { type LoadOptions, loadConfigs } from './program/load-configs.ts';
export { type OverrideOptions, overrideConfigs } from './program/override-configs.ts';
export { type Forgotten, type InitiateOptions, initiate, type Program, type RegisterOptions } from './program/program.ts';
export { DEFAULT, NOTHING, SHARED } from './program/slots.ts';
export type { CommandHook, Flag, Hooks, InvocationData, ParserData, Slot, SlotValue, WakeResult } from './program/types.ts';
