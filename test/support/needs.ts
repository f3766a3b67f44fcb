import { type TestAPI, test } from 'vitest';
import { findProgram } from '../../host/process/launch.ts';

const told = new Set<string>();

/**
 * `test` for what needs a program of this machine. Where it is missing the test is reported as not run, with the command
 * that installs it; under CI it runs, and fails.
 */
export function testWith(program: string, debianPackage: string): TestAPI {
  const isMissing = findProgram(program, '/', process.env['PATH'] ?? '') === undefined;
  const isReported = isMissing && process.env['CI'] === undefined;
  if (isReported && !told.has(program)) {
    told.add(program);
    console.warn(`Not run: tests that need "${program}", which this machine lacks; apt-get install ${debianPackage}`);
  }
  return test.skipIf(isReported) as TestAPI;
}
