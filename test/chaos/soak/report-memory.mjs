// Loaded into the daemon: SIGUSR2 makes it collect what is not used, and write down what is left.
import { appendFileSync, readFileSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';

process.on('SIGUSR2', () => {
  // What the engine keeps in reserve goes too: it is many times what is in use, and says nothing.
  for (let turn = 0; turn < 4; turn++) globalThis.gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  const status = readFileSync('/proc/self/status', 'utf8');
  const anonymous = 1024 * Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1]);
  const threads = Number(/^Threads:\s+(\d+)/m.exec(status)?.[1]);
  appendFileSync(
    process.env.SOAK_MEMORY,
    `${JSON.stringify({ ...process.memoryUsage(), anonymous, threads, heap: getHeapStatistics() })}\n`,
  );
});
