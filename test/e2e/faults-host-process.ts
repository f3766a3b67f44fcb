import { setImmediate } from 'node:timers/promises';
import type { Outcome } from 'outrigger';
import { document, type FaultHost, statusOf, withHost } from './faults-host.ts';

/** What the script prints as one line of JSON when its work is done. */
export interface FloodReport {
  settled: number;
  rejected: number;
  /** Events that another plugin answered meanwhile. */
  meanwhile: number;
  growthMb: number;
  /** Events whose trace says that the plugin failed. */
  failed: number;
  dropped: number;
  failOpens: number;
}

const EVENTS = 100_000;
const TEXT = 'x'.repeat(1000);

/** Fires events at a plugin that does not read, a thousand a turn, and watches the memory of this process. */
async function flood(host: FaultHost, hook: 'app.save' | 'app.saved'): Promise<FloodReport> {
  const report: FloodReport = { settled: 0, rejected: 0, meanwhile: 0, growthMb: 0, failed: 0, dropped: 0, failOpens: 0 };
  await host.emit('app.save', document());
  await host.emit('app.lookup', document());
  const openBefore = failOpens(host, hook);
  const before = process.memoryUsage().rss;
  const onSettled = (outcome: Outcome): void => {
    report.settled++;
    if (outcome.trace.answers.some(({ plugin, status }) => plugin === 'stops-reading' && status === 'failed')) report.failed++;
  };
  const emitted: Promise<void>[] = [];
  for (let count = 1; count <= EVENTS; count++) {
    const event = host.emit(hook, { ...document(), title: `${count}${TEXT}` }).then(onSettled, () => {
      report.rejected++;
    });
    emitted.push(event);
    if (count % 1000 !== 0) continue;
    await setImmediate();
    if ((await host.emit('app.lookup', document())).payload.tags.includes('good')) report.meanwhile++;
    report.growthMb = Math.max(report.growthMb, Math.round((process.memoryUsage().rss - before) / 1024 / 1024));
  }
  await Promise.all(emitted);
  report.failOpens = failOpens(host, hook) - openBefore;
  report.dropped = statusOf(host, 'stops-reading').notificationsDropped;
  return report;
}

function failOpens(host: FaultHost, hook: string): number {
  const counts = Object.entries(host.stats().failOpens).filter(([key]) => key.startsWith(`stops-reading ${hook} `));
  return counts.reduce((sum, [, count]) => sum + count, 0);
}

process.stdin.on('end', () => process.exit(1)).resume();

const [, , mode, argument] = process.argv;
if (mode === 'flood') {
  await withHost({ 'stops-reading': { timeoutMs: 500 }, 'adds-tag': { hooks: { 'app.save': { mode: 'disabled' } } } }, {}, async (host) => {
    console.log(JSON.stringify(await flood(host, argument as 'app.save')));
  });
  process.exit(0);
} else if (mode === 'linger') {
  const names = argument?.split(',') ?? [];
  await withHost(Object.fromEntries(names.map((name) => [name, {}])), {}, async (host) => {
    await host.emit('app.save', document('fine'));
    console.log(JSON.stringify(names.map((name) => statusOf(host, name).pid)));
    await new Promise(() => undefined);
  });
}
