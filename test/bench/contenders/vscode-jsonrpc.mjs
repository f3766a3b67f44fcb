// vscode-jsonrpc as its README shows it.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';

export async function open() {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const connection = createMessageConnection(new StreamMessageReader(child.stdout), new StreamMessageWriter(child.stdin));
  connection.onError(() => {});
  connection.listen();
  const call = (payload) => connection.sendRequest('hook/invoke', { event: 'e', payload });
  await call({});
  return {
    call,
    close() {
      connection.dispose();
      child.kill('SIGKILL');
    },
  };
}

if (import.meta.main) {
  const connection = createMessageConnection(new StreamMessageReader(process.stdin), new StreamMessageWriter(process.stdout));
  connection.onRequest('hook/invoke', ({ payload }) => ({ payload }));
  connection.listen();
}
