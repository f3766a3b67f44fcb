// The SDK of the Model Context Protocol over stdio: one tool that gives back what it gets.
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { CallToolRequestSchema } from '@modelcontextprotocol/sdk/types.js';

const ABOUT = { name: 'bench', version: '1.0.0' };

export async function open() {
  const client = new Client(ABOUT);
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [fileURLToPath(import.meta.url)], stderr: 'inherit' }));
  const call = (payload) => client.callTool({ name: 'echo', arguments: payload });
  await call({});
  return { call, close: () => client.close() };
}

if (import.meta.main) {
  const server = new Server(ABOUT, { capabilities: { tools: {} } });
  server.setRequestHandler(CallToolRequestSchema, ({ params }) => ({ content: [], structuredContent: params.arguments }));
  await server.connect(new StdioServerTransport());
}
