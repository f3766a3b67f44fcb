import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { commandTarget } from '../../host/conformance/make-target.ts';
import { runChecks } from '../../host/conformance/run-checks.ts';
import { install, testLibrary } from '../../test/samples/test-library.ts';

const PLAIN_SERVER = `
  const { McpServer } = require('@modelcontextprotocol/sdk/server/mcp.js');
  const { StdioServerTransport } = require('@modelcontextprotocol/sdk/server/stdio.js');
  new McpServer({ name: 'plain', version: '1' }).connect(new StdioServerTransport());
`;

const sample = {
  needs: ['npm', 'npm'] as const,
  install: (folder: string) => install(folder, 'npm', 'install', '--no-audit', '--no-fund', '--loglevel=error'),
  // It refuses a message that has members beside those of JSON-RPC.
  unmet: ['W4'],
};

testLibrary(import.meta.dirname, sample, async (folder) => {
  writeFileSync(join(folder, 'plain.cjs'), PLAIN_SERVER);
  const place = { cwd: folder, env: process.env, cacheDir: folder };
  const { findings } = await runChecks(await commandTarget(['node', 'plain.cjs'], place), { level: 0 });

  // What its README says of servers that know nothing of us.
  expect(findings[0]).toMatchObject({ id: 'W1', status: 'fail', reason: expect.stringContaining('protocolVersion') });
});
