import { createServer } from 'node:net';

// Run in the plugin's network namespace by listen-inside.ts: opens the socket there, hands it to the host, and is ended by it.
const server = createServer();
process.once('disconnect', () => process.exit(1));
server.once('listening', () => process.send?.({ listening: true }, server));
server.once('error', (error) => process.send?.({ error: error.message }, () => process.exit(1)));
server.listen(Number(process.argv[2]), '127.0.0.1');
