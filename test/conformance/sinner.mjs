// A plugin that does everything right but the one thing its argument names. Used to see that the kit notices.
const sin = process.argv[2] ?? '';
const write = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const answer = (id, result) => {
  write({ id, result });
  if (sin === 'answers-twice') write({ id, result });
  if (sin === 'answers-nobody' && id === 3) write({ id: 424242, result });
};
const HANDLE = {
  initialize: () => {
    if (sin === 'logs-later') return {};
    return { protocol: sin === 'bad-hello' ? 'one' : 1, ...(sin === 'declines' ? { disable: 'there is no licence' } : {}) };
  },
  'hook/invoke': ({ hook, payload }) => {
    if (sin === 'bad-answer') return { action: 'explode' };
    if (sin === 'not-writable') return { action: 'modify', changes: { command: 'other' } };
    if (sin === 'crashes-at-payload' && payload === null) process.exit(1);
    if (sin === 'blocks-foreign' && hook === 'conformance.unknown') return { action: 'block', violation: { code: 'a', reason: 'b' } };
    return {};
  },
  ping: () => ({}),
  shutdown: () => ({}),
};

function take(line) {
  let message;
  try {
    message = JSON.parse(line);
  } catch {
    if (sin === 'dies-of-nonsense') process.exit(1);
    return;
  }
  const { id, method, params } = message;
  if (method === 'exit') process.exit(sin === 'exits-badly' ? 3 : 0);
  if (id === undefined && sin === 'answers-notifications') write({ id: 7777, result: {} });
  if (id === undefined || method === undefined) return;
  if (sin === 'prints') console.log('hello');
  if (sin === 'text-ids') return answer(typeof id === 'number' ? id : 0, {});
  if (sin === 'throws') throw new Error('no luck');
  if (sin === 'logs-later' && method === 'initialize') setTimeout(() => write({ method: 'log', params: { level: 'loud' } }), 100);
  if (sin === 'bad-log') write({ method: 'log', params: { level: 'loud', message: 1 } });
  const handle = HANDLE[method];
  if (handle !== undefined) return answer(id, handle(params ?? {}));
  if (sin !== 'silent-at-unknown') write({ id, error: { code: -32601, message: `Cannot handle "${method}"` } });
}

// Not readline: it ends a line at U+2028 too, which JSON may hold as it is.
let rest = '';
process.stdin.setEncoding('utf8').on('data', (chunk) => {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop();
  lines.forEach(take);
});
process.stdin.on('end', () => {
  if (sin === 'outlives-stdin') setInterval(() => {}, 1000);
});
