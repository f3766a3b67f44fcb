// Shakes hands and never reads again.
process.stdin.setEncoding('utf8').once('data', (text) => {
  process.stdin.pause();
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id: JSON.parse(text.split('\n')[0]).id, result: {} })}\n`);
  setInterval(() => {}, 1000);
});
