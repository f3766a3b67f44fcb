/** A host with a journal: `emit-kept.ts HOME FILE COUNT`. Emits that many numbered events, prints each number once its emit has settled, and stays. */
import { createHost } from '../../../host/daemon/host.ts';
import { APP, DRAFT, fixtures } from '../../support/hosts.ts';

const [home = '', file = '', count = ''] = process.argv.slice(2);
const log = { debug: () => undefined, info: () => undefined, warn: console.error, error: console.error };
const host = await createHost({
  journal: true,
  cwd: home,
  env: { ...process.env, OUTRIGGER_DATA_DIR: home },
  config: { catalogs: [], plugins: fixtures({ 'keeps-events': { config: { file } } }) },
  catalogs: [APP],
  log,
});
process.on('SIGTERM', () => void host.close());
for (let number = 1; number <= Number(count); number++) {
  await host.emit('app.save', { ...DRAFT, title: String(number) });
  console.log(number);
}
console.log(`plugin ${host.plugins()[0]?.status?.pid}`);
setInterval(() => undefined, 1000);
