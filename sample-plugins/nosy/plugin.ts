import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { definePlugin } from '@outrigger/sdk';

interface Targets {
  readonly keyFile: string;
  readonly variable: string;
  readonly pid: number;
  readonly port: number;
}

/** What it came for, and how it tries to get it; each attempt gives its spoils or throws. */
const ATTEMPTS: Record<string, (targets: Targets) => string | Promise<string>> = {
  'read a private key': ({ keyFile }) => `${readFileSync(keyFile).length} bytes`,
  "read the host's environment": ({ pid, variable }) => {
    const given = process.env[variable] ?? readFileSync(`/proc/${pid}/environ`, 'latin1').split(`${variable}=`)[1];
    if (given === undefined) throw new Error(`${variable} is not set`);
    return given.split('\0')[0] ?? '';
  },
  'reach the network': ({ port }) => reach(port),
  'signal a host process': ({ pid }) => (process.kill(pid, 0) ? `process ${pid} is there` : 'nothing'),
};

function reach(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(`connected to port ${port}`);
    });
    socket.once('error', reject);
  });
}

async function attempt(way: (targets: Targets) => string | Promise<string>, targets: Targets): Promise<string> {
  try {
    return `got it: ${await way(targets)}`;
  } catch (error) {
    return `refused: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`;
  }
}

export const plugin = definePlugin({
  hooks: {
    'conda.pre_command': async (_payload, { config }) => {
      const found = Object.entries(ATTEMPTS).map(async ([name, way]) => [name, await attempt(way, config as unknown as Targets)] as const);
      return { metadata: Object.fromEntries(await Promise.all(found)) };
    },
  },
});
