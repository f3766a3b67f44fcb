import type { Config } from '@outrigger/schemas';
import type { DriverName, SandboxDriver } from '../types.ts';
import { bubblewrap } from './bubblewrap.ts';
import { BWRAP } from './bubblewrap-probe.ts';
import { containerTool, makeContainer } from './container.ts';
import { gvisor, RUNSC } from './gvisor.ts';
import { landlock, SETPRIV } from './landlock.ts';
import { SANDBOX_EXEC, seatbelt } from './seatbelt.ts';

/** A driver as these settings make it, and the program behind it. */
export interface DriverEntry {
  readonly driver: SandboxDriver;
  /** Absolute path; need not exist. */
  readonly program: string;
}

/** Every driver, in the order they are preferred in: complete ones for this system first. Pure apart from a look for the container tool. */
export function makeDrivers(settings: Config['sandbox']): Readonly<Record<DriverName, DriverEntry>> {
  const tool = containerTool();
  return {
    bubblewrap: { driver: bubblewrap, program: BWRAP },
    gvisor: { driver: gvisor, program: RUNSC },
    container: { driver: makeContainer({ tool, image: settings?.image }), program: tool ?? '/usr/bin/podman' },
    seatbelt: { driver: seatbelt, program: SANDBOX_EXEC },
    landlock: { driver: landlock, program: SETPRIV },
  };
}
