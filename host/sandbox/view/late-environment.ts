import { steersAnyProgram } from '../policy/env-refusal.ts';

const ENV = '/usr/bin/env';

/** The environment of a plugin in two parts. */
export interface LateEnvironment {
  /** For the programs that confine and limit, and for the plugin. */
  readonly early: Readonly<Record<string, string>>;
  /** Words that set the rest and then become the command; none for none. */
  readonly words: readonly string[];
}

/**
 * A manifest may set any variable for its own program, such as LD_PRELOAD. What runs before that program, to confine or to limit it, must not
 * see those that would make it load the plugin's code: that code would run without what was still to come. Granted variables, whose values may
 * be secret, are never among them. Pure.
 */
export function lateEnvironment(env: Readonly<Record<string, string>>): LateEnvironment {
  const entries = Object.entries(env);
  const late = entries.filter(([name]) => steersAnyProgram(name));
  if (late.length === 0) return { early: env, words: [] };
  return {
    early: Object.fromEntries(entries.filter(([name]) => !steersAnyProgram(name))),
    words: [ENV, '--', ...late.map(([name, value]) => `${name}=${value}`)],
  };
}
