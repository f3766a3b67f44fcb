import { createHost } from '../../daemon/host.ts';
import type { Scope } from '../../daemon/types.ts';
import { HostError } from '../../protocol/errors.ts';
import { configTypesOf } from './config-sources.ts';
import { standardHooks } from './default-hooks.ts';
import { exitOf, invoke, stoppedBy } from './invoke.ts';
import { type ParsedCommand, parseArgv } from './parse-argv.ts';
import { runSlot } from './run-slot.ts';
import { resolveSlot, SLOTS } from './slots.ts';
import type {
  AnyHook,
  ConfigSources,
  ConfigType,
  Hooks,
  ParserData,
  RegisteredCommand,
  ResolvedHooks,
  Slot,
  Stopped,
  Target,
  WakeResult,
} from './types.ts';

export interface InitiateOptions {
  /** The host, or a session of it, whose plugins take part. Default: a host of its own without plugins. */
  readonly host?: Pick<Scope, 'using'>;
  /** Name in `--help`. Default `program`. */
  readonly name?: string;
  readonly description?: string;
  /** Printed by `--version`. */
  readonly version?: string;
  /** Configs of every command. */
  readonly configs?: ConfigSources;
  /** Hooks of every command, in the place of the default ones. */
  readonly hooks?: Hooks;
  /** Folder that config files are in. Default: the process's. */
  readonly cwd?: string;
}

export interface RegisterOptions {
  /** One sentence for `--help`. */
  readonly description?: string;
  /** Configs beside the global ones. */
  readonly configs?: ConfigSources;
  /** Hooks after the shared ones, or where their markers say. */
  readonly hooks?: Hooks;
}

/** What registrations inside a block do not inherit. */
export interface Forgotten {
  /** Ids of global configs. */
  readonly configs?: readonly string[];
  /** Slots whose shared hooks are forgotten, default behaviour included. */
  readonly hooks?: readonly Slot[];
}

/** Begins a program: global configs and hooks, and then commands. Throws HANDLER_INVALID. */
export function initiate(options: InitiateOptions = {}): Program {
  return new Program(options);
}

class Program {
  readonly #options: InitiateOptions;
  readonly #commands: Map<string, RegisteredCommand> = new Map();
  #configTypes: Readonly<Record<string, ConfigType>>;
  #shared: ResolvedHooks;

  constructor(options: InitiateOptions) {
    this.#options = options;
    this.#configTypes = configTypesOf(options.configs ?? {});
    this.#shared = resolveAll(options.hooks, undefined);
  }

  /** Adds a function or a class as a command. Throws HANDLER_INVALID. */
  register(name: string, target: Target, options: RegisterOptions = {}): this {
    const mistake = this.#mistakeIn(name, target);
    if (mistake !== undefined) throw new HostError('HANDLER_INVALID', `Cannot register command "${name}": ${mistake}`);
    this.#commands.set(name, {
      name,
      target,
      description: options.description,
      configTypes: configTypesOf(options.configs ?? {}, this.#configTypes),
      hooks: resolveAll(options.hooks, this.#shared),
    });
    return this;
  }

  /** Registrations inside `body` do without some of what is global. Blocks may be nested. Throws HANDLER_INVALID. */
  forget({ configs = [], hooks = [] }: Forgotten, body: (program: this) => void): this {
    const before = { configTypes: this.#configTypes, shared: this.#shared };
    assertKnown('config', configs, Object.keys(this.#configTypes));
    assertKnown('slot', hooks, SLOTS);
    this.#configTypes = Object.fromEntries(Object.entries(this.#configTypes).filter(([id]) => !configs.includes(id)));
    this.#shared = { ...this.#shared, ...Object.fromEntries(hooks.map((slot) => [slot, []])) };
    try {
      body(this);
    } finally {
      this.#configTypes = before.configTypes;
      this.#shared = before.shared;
    }
    return this;
  }

  /** Fires `parser_hook` for every command, parses the arguments and runs the command they name. Throws what a hook or the command threw. */
  async wake(argv: readonly string[]): Promise<WakeResult> {
    const { host } = this.#options;
    if (host !== undefined) return await this.#wake(host, argv);
    const own = await createHost({ config: { catalogs: ['coma'] }, noPlugins: true });
    try {
      return await this.#wake(own, argv);
    } finally {
      await own.close();
    }
  }

  async #wake(host: Pick<Scope, 'using'>, argv: readonly string[]): Promise<WakeResult> {
    const stopped = new Map<string, Stopped>();
    const parsers: ParsedCommand[] = [];
    try {
      for (const command of this.#commands.values()) {
        const flags = await flagsOf(host, command);
        if ('status' in flags) stopped.set(command.name, flags.status);
        parsers.push({ ...command, flags: 'status' in flags ? {} : flags.flags });
      }
    } catch (error) {
      return exitOf(error);
    }
    const { name = 'program', description, version, cwd = globalThis.process.cwd() } = this.#options;
    const parsed = parseArgv(parsers, argv, { name, description, version });
    if (parsed.status === 'exited') return parsed;
    const command = this.#commands.get(parsed.name) as RegisteredCommand;
    return stopped.get(parsed.name) ?? (await invoke(host, { ...parsed, command, cwd }));
  }

  #mistakeIn(name: string, target: unknown): string | undefined {
    if (!/^\w[\w.:-]*$/.test(name)) return 'a name is a word of letters, digits, "_", ".", ":" and "-"';
    if (this.#commands.has(name)) return 'there is one of this name';
    return typeof target === 'function' ? undefined : 'it must be a function or a class';
  }
}

export type { Program };

/** The flags of a command, or what keeps it from being there; the others are not touched by that. */
async function flagsOf(
  host: Pick<Scope, 'using'>,
  { name, description, target, configTypes, hooks }: RegisteredCommand,
): Promise<{ flags: ParserData['flags'] } | { status: Stopped }> {
  const data: ParserData = { name, description, target, configTypes, flags: {} };
  const slot = 'parser_hook';
  const outcome = await host.using([], (scope) =>
    runSlot({ slot, hooks: hooks[slot], data, scope, emit: (hook, payload) => scope.emit(hook, payload) }),
  );
  const status = outcome === undefined ? undefined : stoppedBy(slot, outcome);
  return status === undefined ? { flags: data.flags } : { status };
}

function resolveAll(hooks: Hooks | undefined, shared: ResolvedHooks | undefined): ResolvedHooks {
  assertKnown('slot', Object.keys(hooks ?? {}), SLOTS);
  const resolved = SLOTS.map((slot): [Slot, readonly AnyHook[]] => {
    const at = { slot, standard: standardHooks(slot), shared: shared?.[slot] };
    return [slot, resolveSlot(hooks?.[slot], at)];
  });
  return Object.fromEntries(resolved) as unknown as ResolvedHooks;
}

function assertKnown(what: string, names: readonly string[], known: readonly string[]): void {
  const stray = names.find((name) => !known.includes(name));
  if (stray !== undefined) throw new HostError('HANDLER_INVALID', `Cannot use ${what} "${stray}": there are "${known.join('", "')}"`);
}
