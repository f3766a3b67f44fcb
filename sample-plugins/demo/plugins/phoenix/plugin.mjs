import { createInterface } from 'node:readline';

const answer = (id, result) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`);

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (method === 'hook/invoke' && params.hook === 'conda.pre_command' && params.attempt === 1) process.kill(process.pid, 'SIGKILL');
  else if (method === 'exit') process.exit(0);
  else if (id !== undefined) answer(id, {});
});
