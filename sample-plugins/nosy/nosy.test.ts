import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testPlugin } from '@outrigger/sdk/testing';
import { afterEach, expect, test } from 'vitest';
import { readManifest } from '../../test/sdk/typescript/plugin-process.ts';
import { plugin } from './plugin.ts';

const folder = mkdtempSync(join(tmpdir(), 'outrigger-nosy-'));
const server = createServer();

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  server.close();
});

test('nosy gets all it wants where nothing holds it', async () => {
  expect(readManifest(import.meta.dirname).problems).toEqual([]);
  const keyFile = join(folder, 'id_ed25519');
  writeFileSync(keyFile, 'secret');
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const t = await testPlugin(plugin, { config: { keyFile, variable: 'PATH', pid: process.pid, port } });

  expect(await t.call('conda.pre_command', { command: 'ls', args: [] })).toEqual({
    metadata: {
      'read a private key': 'got it: 6 bytes',
      "read the host's environment": `got it: ${process.env['PATH']}`,
      'reach the network': `got it: connected to port ${port}`,
      'signal a host process': `got it: process ${process.pid} is there`,
    },
  });
});
