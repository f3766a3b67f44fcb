// The least a plugin in Node can be: no SDK, one JSON a line.
let parts = [];
let out = '';
const answers = {
  none: () => ({}),
  echo: (payload) => ({ metadata: { payload } }),
  modify: () => ({ action: 'modify', changes: { id: 'changed' } }),
};
const answer = answers[process.env.BENCH_ANSWER ?? 'none'];

function take(line) {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  if (out === '') {
    process.nextTick(() => {
      process.stdout.write(out);
      out = '';
    });
  }
  out += `${JSON.stringify({ jsonrpc: '2.0', id, result: method === 'hook/invoke' ? answer(params.payload) : {} })}\n`;
}

process.stdin.setEncoding('utf8');
process.stdin.on('end', () => process.exit());
process.stdin.on('data', (chunk) => {
  if (!chunk.includes('\n')) {
    parts.push(chunk);
    return;
  }
  const lines = (parts.join('') + chunk).split('\n');
  const rest = lines.pop();
  parts = rest === '' ? [] : [rest];
  for (const line of lines) take(line);
});
