import { diagnose, quoteStderr } from '../process/diagnose.ts';
import { describeExit } from '../process/launch.ts';
import type { Exit } from '../process/types.ts';
import type { Failure } from '../protocol/types.ts';
import type { DeathClass, LastExit, PluginSpec } from './types.ts';

/** How one process of a plugin ended. */
export interface Ending {
  readonly death: DeathClass;
  /** What the calls in flight and, after a failed start, those that waited are told. */
  readonly failure: Failure;
  readonly exit: Exit;
}

/** sysexits.h EX_CONFIG: the plugin says that starting it again will not help. */
const EXIT_CONFIG = 78;
const OUT_OF_MEMORY =
  /heap out of memory|Out of memory|MemoryError|std::bad_alloc|runtime: out of memory|memory allocation of \d+ bytes failed/;

/** Why a process ended that nobody asked to end. Out of memory is a guess from exit and last words. */
export function classify(exit: Exit, stderr: readonly string[]): DeathClass {
  if (exit.limit !== undefined) return exit.limit.kind === 'memory' ? 'oom' : 'disk';
  if (exit.error !== undefined) return 'start';
  if (exit.code === 0) return 'clean';
  if (exit.code === EXIT_CONFIG) return 'config';
  // 134 and 137: what a shell makes of SIGABRT and SIGKILL.
  if (exit.code === 134 || exit.code === 137 || stderr.some((line) => OUT_OF_MEMORY.test(line))) return 'oom';
  return exit.signal === undefined ? 'crash' : 'signal';
}

/** An exit that nobody asked for, during the start or later. */
export function unaskedEnding(spec: PluginSpec, wasReady: boolean, exit: Exit, stderr: readonly string[]): Ending {
  const death = classify(exit, stderr);
  if (wasReady) {
    const message = `Cannot get an answer from plugin "${spec.name}": its process ${describeExit(exit)}${quoteStderr(stderr)}`;
    return { death, exit, failure: { code: 'PLUGIN_EXITED', message } };
  }
  if (death === 'config') return { death, exit, failure: configFailure(spec.name, stderr) };
  return { death: 'start', exit, failure: { code: 'PLUGIN_START_FAILED', message: diagnose(spec.launch, exit, stderr) } };
}

/** What every call is told after exit code 78. */
export function configFailure(plugin: string, stderr: readonly string[]): Failure {
  const message = `Cannot start plugin "${plugin}": it exited with code ${EXIT_CONFIG}, a configuration error; correct its configuration and restart it${quoteStderr(stderr)}`;
  return { code: 'PLUGIN_START_FAILED', message };
}

export function lastExit(ending: Ending, stderr: readonly string[]): LastExit {
  return { ...ending.exit, time: new Date().toISOString(), death: ending.death, message: ending.failure.message, stderr };
}
