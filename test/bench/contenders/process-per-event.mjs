// A process for each event, as git hooks are: payload on stdin, answer on stdout.
import { spawn } from 'node:child_process';

function run(command, args, payload) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
    });
    child.on('error', reject).on('close', () => resolve(JSON.parse(text)));
    child.stdin.end(`${JSON.stringify({ payload })}\n`);
  });
}

export async function open({ program }) {
  const words = {
    sh: ['sh', ['-c', 'read -r line; printf "%s\\n" "$line"']],
    node: [process.execPath, ['-e', 'process.stdin.pipe(process.stdout)']],
  }[program];
  const call = (payload) => run(...words, payload);
  await call({});
  return { call, close: () => {} };
}
