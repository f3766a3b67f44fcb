// Prints what reading costs per byte (it must not grow with the size) and what a call costs against a raw NDJSON echo.
// node --conditions=@outrigger/source test/bench/reader.ts [rounds]
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { Connection } from '../../host/process/connection.ts';
import { MessageReader } from '../../host/process/reader.ts';
import { Timers } from '../../host/process/timers.ts';

const MB = 1024 * 1024;
const CHUNK = 64 * 1024;
const ROUNDS = Number(process.argv[2] ?? 7);

function nsPerByte(bytes: Buffer, chunkSize: number): number {
  const times = Array.from({ length: ROUNDS }, () => {
    let found = 0;
    const count = () => {
      found++;
    };
    const reader = new MessageReader({
      maxMessageBytes: 32 * MB,
      onMessage: (message) => {
        found += message.length;
      },
      onPollution: count,
      onInvalid: count,
      onOversize: count,
    });
    const started = performance.now();
    for (let at = 0; at < bytes.length; at += chunkSize) reader.push(bytes.subarray(at, at + chunkSize));
    const spent = performance.now() - started;
    if (found === 0) throw new Error('The reader found nothing');
    return (spent * 1e6) / bytes.length;
  });
  return median(times);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function line(what: string, ...values: readonly string[]): void {
  console.log(what.padEnd(48), ...values.map((value) => value.padStart(10)));
}

function benchReader(): void {
  line('reader, ns per byte', '64 KiB', '1 KiB', '7 bytes');
  const print = (what: string, bytes: Buffer) => line(what, ...[CHUNK, 1024, 7].map((size) => nsPerByte(bytes, size).toFixed(3)));
  for (const size of [1, 4, 16]) print(`stray text of ${size} MB without a newline`, Buffer.from(`${'x'.repeat(size * MB)}\n`));
  for (const size of [1, 4, 16]) print(`one message of ${size} MB`, Buffer.from(`{${'x'.repeat(size * MB)}}\n`));
  for (const size of [1, 4, 16]) print(`short stray lines, ${size} MB`, Buffer.from('[INFO] hello there\n'.repeat((size * MB) / 19)));
  const message = `{"jsonrpc":"2.0","id":1,"result":"${'x'.repeat(164)}"}`;
  for (const size of [1, 4]) print(`messages of 200 B, ${size} MB, lines`, Buffer.from(`${message}\n`.repeat((size * MB) / 200)));
  const frame = `Content-Length: ${message.length}\r\n\r\n${message}`;
  for (const size of [1, 4]) print(`messages of 200 B, ${size} MB, Content-Length`, Buffer.from(frame.repeat((size * MB) / 200)));
}

const ECHO = `
let rest = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk) => {
  const lines = (rest + chunk).split('\\n');
  rest = lines.pop();
  let out = '';
  for (const line of lines) {
    const { id, params } = JSON.parse(line);
    out += JSON.stringify({ jsonrpc: '2.0', id, result: { metadata: params.payload } }) + '\\n';
  }
  if (out !== '') process.stdout.write(out);
});`;

type Child = ChildProcessByStdio<Writable, Readable, null>;
type Call = (payload: object) => Promise<unknown>;

/** The least a Node program can do: one JSON per line, a map of resolvers. */
function rawEcho(child: Child): Call {
  const waiting = new Map<number, (message: unknown) => void>();
  let rest = '';
  let last = 0;
  let queued = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) {
      const message = JSON.parse(text) as { id: number };
      waiting.get(message.id)?.(message);
      waiting.delete(message.id);
    }
  });
  return (payload) =>
    new Promise((resolve) => {
      const id = ++last;
      waiting.set(id, resolve);
      if (queued === '') {
        process.nextTick(() => {
          child.stdin.write(queued);
          queued = '';
        });
      }
      queued += `${JSON.stringify({ jsonrpc: '2.0', id, method: 'hook/invoke', params: { event: 'e', payload } })}\n`;
    });
}

function ourCall(child: Child, timers: Timers): Call {
  const fail = (what: unknown) => {
    throw new Error(`The connection failed: ${JSON.stringify(what)}`);
  };
  const connection = new Connection(child, {
    ...{ plugin: 'echo', framing: 'lines', maxMessageBytes: 10 * MB, logsPerSecond: 100, pollutionLines: 100, timers },
    ...{ onLog: fail, serve: () => Promise.resolve({}), onFault: fail, onHung: fail, onDrain: () => undefined },
  });
  return (payload) =>
    new Promise((resolve, reject) => {
      const shared = `"event":"e","hook":"bench.echo","context":{},"payload":${JSON.stringify(payload)}`;
      connection.invoke({
        ...{ method: 'hook/invoke', event: 'e', shared, state: undefined, attempt: 1, timeoutMs: 5000, deadline: timers.now() + 20_000 },
        settle: (reply) => (reply.ok ? resolve(reply) : reject(new Error(reply.failure.message))),
      });
    });
}

async function secondsFor(call: Call, payload: object, calls: number, inFlight: number): Promise<number> {
  const started = performance.now();
  let left = calls;
  const worker = async () => {
    while (left-- > 0) await call(payload);
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return (performance.now() - started) / 1000;
}

async function benchCalls(): Promise<void> {
  const timers = new Timers();
  const children = [0, 1].map(() => spawn(process.execPath, ['-e', ECHO], { stdio: ['pipe', 'pipe', 'inherit'] }) as Child);
  const [first, second] = children;
  if (first === undefined || second === undefined) return;
  const raw = rawEcho(first);
  const ours = ourCall(second, timers);
  line('calls', 'raw µs', 'ours µs', 'ratio');
  for (const [name, size, inFlight, calls] of [
    ['200 B, one at a time', 200, 1, 5000],
    ['200 B, 4 in flight', 200, 4, 10_000],
    ['200 B, 16 in flight', 200, 16, 20_000],
    ['200 B, 256 in flight', 200, 256, 40_000],
    ['4 KB, one at a time', 4096, 1, 2000],
    ['4 KB, 16 in flight', 4096, 16, 4000],
    ['256 KB, one at a time', 256 * 1024, 1, 60],
  ] as const) {
    const payload = { items: Array.from({ length: Math.ceil(size / 40) }, (_, n) => ({ n, text: 'twenty characters' })) };
    const pairs: { a: number; b: number }[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const a = await secondsFor(raw, payload, calls, inFlight);
      const b = await secondsFor(ours, payload, calls, inFlight);
      if (round > 0) pairs.push({ a, b });
    }
    const micro = (pick: (pair: { a: number; b: number }) => number) => ((median(pairs.map(pick)) * 1e6) / calls).toFixed(1);
    line(
      name,
      micro((p) => p.a),
      micro((p) => p.b),
      median(pairs.map((p) => p.b / p.a)).toFixed(2),
    );
  }
  for (const child of children) child.kill('SIGKILL');
  timers.close();
}

benchReader();
await benchCalls();
