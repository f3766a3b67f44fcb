// The floor: one JSON per line between two Node programs, and nothing else.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Calls back with each line; a large one is put together once. */
export function readLines(stream, onLine) {
  let parts = [];
  stream.setEncoding('utf8');
  stream.on('data', (chunk) => {
    if (!chunk.includes('\n')) {
      parts.push(chunk);
      return;
    }
    const lines = (parts.length === 0 ? chunk : parts.join('') + chunk).split('\n');
    const rest = lines.pop();
    parts = rest === '' ? [] : [rest];
    for (const line of lines) onLine(line);
  });
}

/** Requests by id over a pair of streams, all of one tick in one write. */
export function peer(input, output) {
  const waiting = new Map();
  let queued = '';
  let last = 0;
  readLines(input, (line) => {
    const message = JSON.parse(line);
    const resolve = waiting.get(message.id);
    waiting.delete(message.id);
    resolve(message.result);
  });
  return (payload) =>
    new Promise((resolve) => {
      const id = ++last;
      waiting.set(id, resolve);
      if (queued === '') {
        process.nextTick(() => {
          output.write(queued);
          queued = '';
        });
      }
      queued += `${JSON.stringify({ jsonrpc: '2.0', id, method: 'hook/invoke', params: { event: 'e', payload } })}\n`;
    });
}

export async function open() {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const call = peer(child.stdout, child.stdin);
  await call({});
  return { call, close: () => child.kill('SIGKILL') };
}

if (import.meta.main) {
  let out = '';
  readLines(process.stdin, (line) => {
    const { id, params } = JSON.parse(line);
    if (out === '') {
      process.nextTick(() => {
        process.stdout.write(out);
        out = '';
      });
    }
    out += `${JSON.stringify({ jsonrpc: '2.0', id, result: { payload: params.payload } })}\n`;
  });
}
