// jayson over a Unix socket.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import jayson from 'jayson';

export async function open() {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-bench-'));
  const path = join(folder, 'socket');
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), path], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const client = jayson.Client.tcp({ path });
  const call = (payload) =>
    new Promise((resolve, reject) => {
      client.request('echo', { payload }, (error, answer) => (error ? reject(error) : resolve(answer.result)));
    });
  await call({});
  return {
    call,
    close() {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

if (import.meta.main) {
  const server = new jayson.Server({ echo: (params, done) => done(null, params) });
  server.tcp().listen(process.argv[2], () => process.stdout.write('ready\n'));
  process.stdin.on('end', () => process.exit()).resume();
}
