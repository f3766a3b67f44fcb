// Answers what it is asked, and floods stdout as fast as it is read once the file named by BENCH_FLOOD is there.
import { existsSync } from 'node:fs';

const line = `${JSON.stringify({ jsonrpc: '2.0', method: 'log', params: { level: 'info', message: 'x'.repeat(160) } })}\n`;
const chunk = line.repeat(400);

function flood() {
  if (existsSync(process.env.BENCH_FLOOD)) while (process.stdout.write(chunk));
}

process.stdout.on('drain', flood);
setInterval(flood, 20);
let text = '';
process.stdin.setEncoding('utf8').on('data', (more) => {
  text += more;
  const lines = text.split('\n');
  text = lines.pop();
  for (const { id } of lines.map((one) => JSON.parse(one))) {
    if (id !== undefined) process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result: {} })}\n`);
  }
});
process.stdin.on('end', () => process.exit());
