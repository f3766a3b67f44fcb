import { createInterface } from 'node:readline';

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method } = JSON.parse(line);
  if (method === 'hook/invoke') process.stdout.write(`Loading 99 % …\n\u0000\u0007 %$#!\n{"jsonrpc":"2.0","id":${id},"result":{"acti\n`);
  else if (method === 'exit') process.exit(0);
  else if (id !== undefined) process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result: {} })}\n`);
});
