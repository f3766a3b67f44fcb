import type { HookMap, Violation } from '@outrigger/schemas';
import type { DEFAULT, NOTHING, SHARED } from './slots.ts';

/** The slot that fires once for every registered command. */
export type ParserSlot = 'parser_hook';
/** The slots that fire for the invoked command, in this order, with nothing between. */
export type InvocationSlot =
  | 'pre_config_hook'
  | 'config_hook'
  | 'post_config_hook'
  | 'pre_init_hook'
  | 'init_hook'
  | 'post_init_hook'
  | 'pre_run_hook'
  | 'run_hook'
  | 'post_run_hook';
export type Slot = ParserSlot | InvocationSlot;

/** A command-line flag, in the words of argparse. */
export type Flag = HookMap['coma.parser_hook']['payload']['flags'][string];

/** A class without arguments, an object of default values, or a function that makes one. */
export type ConfigSource = object;
/** Configs by id, or classes whose lower-cased names are the ids. */
export type ConfigSources = Readonly<Record<string, ConfigSource>> | readonly ConfigSource[];

/** A config before it is loaded. */
export interface ConfigType {
  readonly id: string;
  /** Name of its class. */
  readonly type: string;
  /** A new instance with its default values. */
  make(): object;
}

/** A function that is called with the configs, or a class that is made from them and has a method to run. */
// biome-ignore lint/suspicious/noExplicitAny: a command takes whatever configs it was registered with
export type Target = ((...configs: any[]) => unknown) | (new (...configs: any[]) => object);

/** What hooks of `parser_hook` get and may change. */
export interface ParserData {
  readonly name: string;
  readonly description?: string | undefined;
  readonly target: Target;
  readonly configTypes: Readonly<Record<string, ConfigType>>;
  /** By the name their value is known under. */
  flags: Record<string, Flag>;
}

/** What hooks of an invocation get, each what the one before left, and may change. */
export interface InvocationData {
  readonly name: string;
  readonly description?: string | undefined;
  readonly target: Target;
  readonly configTypes: Readonly<Record<string, ConfigType>>;
  /** Folder that paths of configs are relative to. */
  readonly cwd: string;
  /** Values of flags by name; a flag that was not given and has no default is undefined. */
  knownArgs: Record<string, unknown>;
  /** Arguments that are no flags, in order. */
  unknownArgs: string[];
  /** Configs that are loaded, by id. */
  configs: Record<string, object>;
  /** The instance, or what wraps the function; undefined before `init_hook`. */
  command: object | undefined;
  /** What the command returned. */
  result: unknown;
}

/** An object it returns replaces the fields that it has; nothing leaves the data as they are. */
export type CommandHook<D> = (data: D) => Partial<D> | undefined | void | Promise<Partial<D> | undefined | void>;
/** A hook of whichever slot. */
export type AnyHook = (data: never) => unknown;
export type Marker = typeof SHARED | typeof DEFAULT | typeof NOTHING;
/** What fills a slot: hooks and markers, in order. */
export type SlotValue<D> = CommandHook<D> | Marker | readonly SlotValue<D>[];
export type Hooks = { readonly parser_hook?: SlotValue<ParserData> } & {
  readonly [S in InvocationSlot]?: SlotValue<InvocationData>;
};
/** The hooks of every slot, in the order they run. */
export type ResolvedHooks = { readonly parser_hook: readonly CommandHook<ParserData>[] } & {
  readonly [S in InvocationSlot]: readonly CommandHook<InvocationData>[];
};

/** A command with everything it inherited. */
export interface RegisteredCommand {
  readonly name: string;
  readonly description: string | undefined;
  readonly target: Target;
  readonly configTypes: Readonly<Record<string, ConfigType>>;
  readonly hooks: ResolvedHooks;
}

/** Ended before its time, by a hook, a plugin or the parser; print `message` and end with `exitCode`. */
export interface Exited {
  readonly status: 'exited';
  readonly exitCode: number;
  /** Empty: nothing to print. */
  readonly message: string;
}

/** A plugin said no, or failed where that stops the command. */
export interface Stopped {
  readonly status: 'blocked';
  readonly slot: Slot;
  readonly by: string;
  readonly cause: 'verdict' | 'failure';
  readonly violation: Violation;
}

/** The command ran; `result` is what it returned, as hooks left it. */
export interface Ran {
  readonly status: 'ended';
  readonly name: string;
  readonly result: unknown;
}

export type WakeResult = Ran | Exited | Stopped;
