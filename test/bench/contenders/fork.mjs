// child_process.fork with its own JSON channel.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export async function open() {
  const child = fork(fileURLToPath(import.meta.url), { execArgv: [] });
  const waiting = new Map();
  let last = 0;
  child.on('message', ({ id, payload }) => {
    waiting.get(id)(payload);
    waiting.delete(id);
  });
  const call = (payload) =>
    new Promise((resolve) => {
      waiting.set(++last, resolve);
      child.send({ id: last, payload });
    });
  await call({});
  return { call, close: () => child.kill('SIGKILL') };
}

if (import.meta.main) process.on('message', (message) => process.send(message));
