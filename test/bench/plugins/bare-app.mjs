// What an application cannot do without: start itself, start one program, and wait for its first byte.
import { spawn } from 'node:child_process';

const child = spawn(process.execPath, [process.argv[2]], { stdio: ['pipe', 'pipe', 'inherit'] });
child.stdout.once('data', () => process.stdout.write('ready\n', () => child.stdin.end()));
