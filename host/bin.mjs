#!/usr/bin/env node
// Only what Node 12.20 can parse: an older Node must be told so, not be left with a syntax error.
import { lstatSync, mkdirSync, realpathSync } from 'node:fs';
import module from 'node:module';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';

const [major, minor] = process.versions.node.split('.').map(Number);

if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(`outrigger: Node ${process.versions.node} is too old, install Node 22.18 or newer from https://nodejs.org\n`);
  process.exitCode = 2;
} else {
  // A relative one would be the folder one is in.
  const named = process.env.XDG_CACHE_HOME;
  const cache = named && isAbsolute(named) ? named : process.env.HOME && join(homedir(), '.cache');
  if (cache) keepCompiled(join(cache, 'outrigger', 'compiled'));
  import('./dist/cli/main.js').catch((error) => {
    process.stderr.write(`outrigger: Cannot start: ${error.message}\n`);
    process.exitCode = 1;
  });
}

/** Only in a folder that nobody else can change or replace: compiled code that others could write is code they could run. */
function keepCompiled(folder) {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!process.getuid || isSafeWay(folder, process.getuid())) module.enableCompileCache(folder);
  } catch {
    // A home that cannot be written only costs time.
  }
}

/** As in sandbox/machine/private-folder.ts, which is not loaded before its code is looked up. */
function isSafeWay(path, uid) {
  const stats = lstatSync(path);
  if (stats.uid !== uid && stats.uid !== 0) return false;
  if (stats.isSymbolicLink() && !isSafeWay(realpathSync(path), uid)) return false;
  const others = stats.gid === stats.uid ? 0o002 : 0o022;
  const isOpen = stats.isDirectory() && (stats.mode & others) !== 0 && (stats.mode & 0o1000) === 0;
  const above = dirname(path);
  return !isOpen && (above === path || isSafeWay(above, uid));
}
