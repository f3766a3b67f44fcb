// An Outrigger plugin on vscode-jsonrpc, the library under VS Code's language servers, unchanged and over Content-Length.
const { createMessageConnection, StreamMessageReader, StreamMessageWriter } = require('vscode-jsonrpc/node');

const connection = createMessageConnection(new StreamMessageReader(process.stdin), new StreamMessageWriter(process.stdout));

// The answer to one event. {} means: go on.
connection.onRequest('hook/invoke', async ({ hook, payload }, token) => {
  if (hook !== 'conda.pre_command' || token.isCancellationRequested) return {};
  await connection.sendNotification('log', { level: 'info', message: `about to run ${payload.command}` });
  return { action: 'modify', changes: { env: { HELLO_VSCODE: 'from vscode-jsonrpc' } } };
});
connection.onRequest('initialize', () => ({ protocol: 1 }));
for (const method of ['ping', 'shutdown']) connection.onRequest(method, () => ({}));
connection.onNotification('exit', () => process.exit(0));
connection.listen();
