#!/usr/bin/env node
// Only what Node 12.20 can parse: an older Node must be told so, not be left with a syntax error.
import module from 'node:module';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

const [major, minor] = process.versions.node.split('.').map(Number);

if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(`outrigger: Node ${process.versions.node} is too old, install Node 22.18 or newer from https://nodejs.org\n`);
  process.exitCode = 2;
} else {
  // In the user's own folder: compiled code that others could write is code they could run. A relative one would be the folder one is in.
  const named = process.env.XDG_CACHE_HOME;
  const cache = named && isAbsolute(named) ? named : process.env.HOME && join(homedir(), '.cache');
  if (cache) module.enableCompileCache(join(cache, 'outrigger', 'compiled'));
  import('./dist/cli/main.js').catch((error) => {
    process.stderr.write(`outrigger: Cannot start: ${error.message}\n`);
    process.exitCode = 1;
  });
}
