// An application with Outrigger inside: opens a host, fires one event, says so. Its config is the first argument.
import { readFileSync } from 'node:fs';
import { createHost } from 'outrigger';

const { config, catalog, payload } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const host = await createHost({ config, catalogs: [catalog] });
const { status } = await host.emit('bench.event', payload);
process.stdout.write(`${status}\n`);
await host.close();
