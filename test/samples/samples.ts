import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished, type TestAPI, test } from 'vitest';
import { buildPlugin } from '../../host/conformance/build-plugin.ts';
import { findProgram } from '../../host/process/launch.ts';
import { testWith } from '../support/needs.ts';

const ROOT = fileURLToPath(new URL('../../sample-plugins/', import.meta.url));

/** A sample that speaks the wire without an SDK. */
export interface Sample {
  readonly language: string;
  /** Program it needs and the Debian packages that bring it, one pair each. */
  readonly needs: readonly (readonly [program: string, debianPackages: string])[];
  /** A library it needs: words that end with code 0 where it is there, and the package that brings it. */
  readonly library?: { readonly name: string; readonly probe: readonly string[]; readonly debianPackage: string };
  /** What it sets for a command. */
  readonly variable: string;
  readonly value: RegExp;
  /** Has a Makefile. */
  readonly isBuilt?: boolean;
}

/** All of them, by folder. */
export const SAMPLES: Readonly<Record<string, Sample>> = {
  'bash-jq': { language: 'bash', needs: [['jq', 'jq']], variable: 'LC_ALL', value: /^C$/ },
  'c-hello': {
    language: 'C',
    needs: [
      ['cc', 'gcc libc6-dev'],
      ['make', 'make'],
    ],
    variable: 'HELLO_C',
    value: /^from C$/,
    isBuilt: true,
  },
  'java-hello': { language: 'Java', needs: [['javac', 'openjdk-17-jdk-headless']], variable: 'HELLO_JAVA', value: /^from Java \d+$/ },
  'lua-hello': {
    language: 'Lua',
    needs: [['lua5.4', 'lua5.4 lua-dkjson']],
    library: { name: 'dkjson for Lua 5.4', probe: ['lua5.4', '-e', 'require "dkjson"'], debianPackage: 'lua-dkjson' },
    variable: 'HELLO_LUA',
    value: /^from Lua 5\.4$/,
  },
  'perl-hello': { language: 'Perl', needs: [['perl', 'perl']], variable: 'HELLO_PERL', value: /^from Perl 5\.\d+\.\d+$/ },
  'php-hello': { language: 'PHP', needs: [['php', 'php-cli']], variable: 'HELLO_PHP', value: /^from PHP \d+\.\d+/ },
  'python-hello': { language: 'Python', needs: [['python3', 'python3']], variable: 'HELLO_FROM', value: /^Python 3\.\d+$/ },
  'ruby-hello': { language: 'Ruby', needs: [['ruby', 'ruby']], variable: 'HELLO_RUBY', value: /^from Ruby \d+\.\d+/ },
};

/** What a test needs that runs something confined. */
export const SANDBOX = ['bwrap', 'bubblewrap'] as const;

/** `test` for samples and what else a test needs: reported as not run, with the package to install, where something is missing. */
export function testWithRuntimes(samples: readonly Sample[], ...others: Sample['needs']): TestAPI {
  const isMissing = (program: string): boolean => findProgram(program, '/', process.env['PATH'] ?? '') === undefined;
  const missing = [...samples.flatMap(({ needs }) => needs), ...others].find(([program]) => isMissing(program));
  if (missing !== undefined) return testWith(...missing);
  const library = samples.map((sample) => sample.library).find((one) => one !== undefined && !hasLibrary(one.probe));
  return library === undefined ? test : testWith(library.name, library.debianPackage);
}

function hasLibrary([command = '', ...args]: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** The folder to start a sample from: its own, or of one that is compiled a built copy, gone when the test ends. */
export async function placeSample(name: string): Promise<string> {
  const source = join(ROOT, name);
  if (SAMPLES[name]?.isBuilt !== true) return source;
  const folder = mkdtempSync(join(tmpdir(), `outrigger-${name}-`));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  // A host run by root starts plugins as another user.
  chmodSync(folder, 0o755);
  // Without what somebody built there.
  cpSync(source, folder, { recursive: true, filter: (path) => path !== join(source, 'plugin') });
  await buildPlugin(folder, process.env);
  return folder;
}
