// grpc-js over a Unix socket, JSON as the messages.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, credentials, Server, ServerCredentials } from '@grpc/grpc-js';

const PATH = '/bench.Hooks/Call';
const LIMITS = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };
const pack = (value) => Buffer.from(JSON.stringify(value));
const unpack = (bytes) => JSON.parse(bytes.toString());

export async function open() {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-bench-'));
  const address = `unix:${join(folder, 'socket')}`;
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), address], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const client = new Client(address, credentials.createInsecure(), LIMITS);
  const call = (payload) =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(PATH, pack, unpack, { payload }, (error, answer) => (error ? reject(error) : resolve(answer)));
    });
  await call({});
  return {
    call,
    close() {
      client.close();
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

if (import.meta.main) {
  const server = new Server(LIMITS);
  const method = { path: PATH, requestStream: false, responseStream: false };
  server.addService(
    { call: { ...method, requestSerialize: pack, requestDeserialize: unpack, responseSerialize: pack, responseDeserialize: unpack } },
    { call: ({ request }, done) => done(null, request) },
  );
  server.bindAsync(process.argv[2], ServerCredentials.createInsecure(), () => process.stdout.write('ready\n'));
  process.stdin.on('end', () => process.exit()).resume();
}
