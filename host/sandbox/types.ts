import type { Permissions } from '@outrigger/schemas';
import type { Child, LaunchSpec } from '../process/types.ts';
import type { Logger } from '../protocol/types.ts';

export type DriverName = 'bubblewrap' | 'gvisor' | 'container' | 'landlock' | 'seatbelt';

/** How much a driver holds: `kernel` has a kernel of its own, `os` holds everything the kernel can, `partial` leaves named gaps. */
export type Grade = 'partial' | 'os' | 'kernel';

/** What a driver can promise; a policy relies on some of it. */
export type Guarantee = 'fs' | 'net' | 'netAllow' | 'pids' | 'memory' | 'cpu' | 'signals' | 'fork' | 'masks';

/** A folder or file of the host that the plugin sees. */
export interface Mount {
  /** Real path on the host: absolute, without links. */
  readonly source: string;
  /** Where the plugin sees it: the path it was granted by. */
  readonly target: string;
}

/** A place inside a folder that a plugin may read, which it sees empty. */
export interface Mask {
  /** Where the plugin would see it. */
  readonly target: string;
  readonly kind: 'folder' | 'file';
  /** A folder of the host's own that may not be there yet, by its real path: made before the start, or the mask had nothing to cover. */
  readonly make?: string;
}

/** Resources of one plugin, all processes together unless said otherwise. */
export interface ResourceLimits {
  readonly memoryMb: number;
  /** Share of one core. */
  readonly cpu: number;
  /** Processes and threads. */
  readonly pids: number;
  /** Open descriptors, per process. */
  readonly openFiles: number;
  /** Private temporary space. */
  readonly tmpMb: number;
  /** Most that all folders it may write hold, together. */
  readonly storageMb: number;
}

/** One granted host of the network. */
export interface NetRule {
  /** Lower case; `*.example.org` for all names below; `*` for everything public; a literal address without brackets. */
  readonly host: string;
  readonly port: number | '*';
  /** As the operator granted it. */
  readonly text: string;
}

/** How programs outside the system's folders are found. */
export interface ProgramPlaces {
  /** Folders of the host's own PATH that neither a plugin nor a project could have filled. */
  readonly path: readonly string[];
  /** True when it is, lies in or leads through what a plugin or a project could have filled. */
  isForeign(file: string): boolean;
  /** Why a program or its library is not shown, as a clause; undefined when it may be. By its real path. */
  whyNot(file: string): string | undefined;
}

/** What one plugin may do, once everything was asked, granted, capped and made canonical. Everything else is denied. */
export interface Policy {
  readonly plugin: string;
  /** The plugin's own folder (or the stored copy of it): seen read-only as /plugin. */
  readonly directory: string;
  /** Its own data folder, seen as /data and writable; undefined when it asks for none. */
  readonly dataDir: string | undefined;
  /** Folder for compiled code that only this content of this plugin writes, seen as /cache; undefined: none. */
  readonly cacheDir: string | undefined;
  readonly read: readonly Mount[];
  readonly write: readonly Mount[];
  /** What in `read` it must see empty. Left out: nothing. */
  readonly masks?: readonly Mask[];
  /** Left out: no programs but those of the system, the plugin's own and the host's Node. */
  readonly programs?: ProgramPlaces;
  /** Empty: no network. */
  readonly net: readonly NetRule[];
  /** May start processes of its own. */
  readonly canFork: boolean;
  /** May make Unix sockets and reach those in what it may read. */
  readonly ipc: boolean;
  /** May load native Node add-ons. */
  readonly native: boolean;
  readonly limits: ResourceLimits;
  /** User and group id on a host that root runs; undefined: one of its own. */
  readonly uid: number | undefined;
}

/** Whether a driver works on this machine; found out by starting it. */
export type Probe =
  | { readonly ok: true; readonly version: string; readonly enforces: ReadonlySet<Guarantee>; readonly notes: readonly string[] }
  | {
      readonly ok: false;
      readonly version?: string;
      /** What is missing, one clause. */
      readonly why: string;
      /** The one command, or setting, that mends it. */
      readonly fix: string;
    };

/** What a confined process needs besides its launch spec. Data: drivers are pure, `enclose()` carries it out. */
export interface Enclosure {
  /** The stricter launch: the sandbox's own program around the plugin's. */
  readonly launch: LaunchSpec;
  readonly driver: DriverName;
  readonly grade: Grade;
  readonly limits: ResourceLimits;
  /** Places in `launch.pipes`; undefined where the driver has no such pipe. */
  readonly fds: {
    /** The driver reports `{"child-pid": …}` here. */
    readonly status?: number;
    /** A line is waited for here, inside the sandbox, before the plugin's first instruction; the end of the pipe ends the process. */
    readonly gate?: number;
  };
  /** Set: a proxy with these rules has to listen inside before the plugin starts. */
  readonly net: readonly NetRule[];
  /** Folders on the host that the plugin can write; watched for their size. */
  readonly writable: readonly string[];
  /** What the kernel must limit for the whole plugin: where it comes out watched only, the plugin is not started. Left out: nothing. */
  readonly mustLimit?: readonly ('memory' | 'pids' | 'cpu')[];
  /** Files that the driver's program reads: `makeScratch()` before the launch, `removeScratch()` after the exit. */
  readonly scratch?: Scratch;
}

/** A folder of the host's own for one start; not granted to any plugin. */
export interface Scratch {
  /** Absolute path that does not exist yet; made with mode 0700. */
  readonly folder: string;
  /** By path below the folder. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
}

/** One way to confine a process. `confine` is pure: spec + policy → stricter spec. */
export interface SandboxDriver {
  readonly name: DriverName;
  readonly grade: Grade;
  probe(): Promise<Probe>;
  confine(spec: LaunchSpec, policy: Policy): Enclosure;
}

/** A refused connection, for the log and for the plugin. */
export interface NetDenial {
  readonly host: string;
  readonly port?: number;
  readonly reason: string;
}

export interface EnclosureEvents {
  /** The plugin was refused a connection. */
  onDenied(denial: NetDenial): void;
}

export interface EncloseDeps extends EnclosureEvents {
  readonly log: Logger;
}

/** What holds one running plugin: for `status`. */
export interface Hold {
  readonly driver: DriverName;
  readonly grade: Grade;
  /** `hard`: the kernel limits memory and processes of the whole plugin; `soft`: it is watched and ended. */
  readonly limits: 'hard' | 'soft';
  /** The mechanism, for people: `cgroup v1`, `cgroup v2`, `systemd scope`, `watchdog`. */
  readonly limiter: string;
}

/** A confined process. `exited` settles after its limits were read, so that a death for memory says so. */
export interface ConfinedChild extends Child {
  readonly hold: Hold;
}

/** Permissions as the operator's files spell them. */
export type { Permissions };
