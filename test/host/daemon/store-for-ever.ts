import { PluginStorage } from '../../../host/daemon/storage.ts';

/** Overwrites one large entry again and again until it is killed. */
const storage = new PluginStorage(process.argv[2] ?? '', { plugin: 'p', quotaBytes: 10_000_000 });
for (let round = 0; ; round++) await storage.set('key', Array(50_000).fill(round));
