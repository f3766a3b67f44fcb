// The floor of a daemon: a program between the two that parses each line and passes it on, through a Unix socket as clients of a daemon come.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { peer, readLines } from './raw.mjs';

const RAW = fileURLToPath(new URL('raw.mjs', import.meta.url));

export async function open() {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-relay-'));
  const path = join(folder, 's');
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), path], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const socket = connect(path);
  await once(socket, 'connect');
  const call = peer(socket, socket);
  await call({});
  const close = () => {
    socket.destroy();
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  };
  return { call, close };
}

/** All lines of one turn in one write. */
function pass(from, to) {
  let out = '';
  readLines(from, (line) => {
    if (JSON.parse(line).jsonrpc !== '2.0') throw new Error('This is no message');
    if (out === '') {
      process.nextTick(() => {
        to.write(out);
        out = '';
      });
    }
    out += `${line}\n`;
  });
}

if (import.meta.main) {
  const plugin = spawn(process.execPath, [RAW], { stdio: ['pipe', 'pipe', 'inherit'] });
  const server = createServer((client) => {
    pass(client, plugin.stdin);
    pass(plugin.stdout, client);
  });
  server.listen(process.argv[2], () => process.stdout.write('ready\n'));
}
