// An application with Outrigger inside: opens a host, fires one event, says so. Its config is the first argument, as JSON: like the bare
// application beside it, it reads no file of its own: for an import of "node:fs" Node loads its streams, promises and readline.
import { createHost } from 'outrigger';

const { config, catalog, payload } = JSON.parse(process.argv[2]);
const host = await createHost({ config, catalogs: [catalog] });
const { status } = await host.emit('bench.event', payload);
process.stdout.write(`${status}\n`);
await host.close();
