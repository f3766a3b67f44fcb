// An Outrigger plugin on the MCP SDK, unchanged: its stdio server is a JSON-RPC peer that speaks one message a line.
const { Server } = require('@modelcontextprotocol/sdk/server/index.js');
const { StdioServerTransport } = require('@modelcontextprotocol/sdk/server/stdio.js');
const z = require('zod');

const server = new Server({ name: 'mcp-hello', version: '0.1.0' });
const request = (method) => z.object({ method: z.literal(method), params: z.any() });

// The answer to one event. {} means: go on.
server.setRequestHandler(request('hook/invoke'), ({ params }) => {
  if (params.hook !== 'conda.pre_command') return {};
  return { action: 'modify', changes: { env: { HELLO_MCP: 'from the MCP SDK' } } };
});
// MCP has an `initialize` of its own, and no `shutdown`.
for (const method of ['initialize', 'shutdown']) server.setRequestHandler(request(method), () => ({}));
server.connect(new StdioServerTransport());
