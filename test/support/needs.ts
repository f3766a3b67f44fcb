import { type TestAPI, test } from 'vitest';
import { findProgram } from '../../host/process/launch.ts';

const told = new Set<string>();

/**
 * `test` for what needs a program of this machine. Where it is missing the test is reported as not run, with the command
 * that installs it; under CI it runs, and fails.
 */
export function testWith(program: string, debianPackage: string): TestAPI {
  return testWithAll({ [program]: debianPackage });
}

/** The same for several programs, each with its Debian package. */
export function testWithAll(packages: Readonly<Record<string, string>>): TestAPI {
  const missing = Object.entries(packages).filter(([program]) => findProgram(program, '/', process.env['PATH'] ?? '') === undefined);
  const isReported = missing.length > 0 && process.env['CI'] === undefined;
  for (const [program, debianPackage] of isReported ? missing : []) {
    if (told.has(program)) continue;
    told.add(program);
    console.warn(`Not run: tests that need "${program}", which this machine lacks; apt-get install ${debianPackage}`);
  }
  return test.skipIf(isReported) as TestAPI;
}

/** `test` for what only some machines or users can show. Elsewhere its title says why it was not run, and `.ci/run` lets that pass. */
export function testWhere(isHere: boolean, why: string): TestAPI {
  if (isHere) return test;
  const skip = (title: string, ...rest: unknown[]): void =>
    (test.skip as (...all: unknown[]) => void)(`${title} [not here: ${why}]`, ...rest);
  return Object.assign(skip, { each: () => skip }) as unknown as TestAPI;
}
