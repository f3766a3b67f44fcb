// worker_threads: a thread of the same process, no isolation.
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

export async function open() {
  const worker = new Worker(new URL(import.meta.url), { execArgv: [] });
  const waiting = new Map();
  let last = 0;
  worker.on('message', ({ id, payload }) => {
    waiting.get(id)(payload);
    waiting.delete(id);
  });
  const call = (payload) =>
    new Promise((resolve) => {
      waiting.set(++last, resolve);
      worker.postMessage({ id: last, payload });
    });
  await call({});
  return { call, close: () => worker.terminate() };
}

if (!isMainThread) parentPort.on('message', (message) => parentPort.postMessage(message));
