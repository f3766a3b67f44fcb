import type { Finding, Report } from './types.ts';

// Beside what XML escapes: characters it cannot hold at all.
const UNSPEAKABLE = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

/** The report as JUnit XML, which CI systems read. */
export function junit(report: Report): string {
  const { plugin, findings, failed, notClaimed, durationMs } = report;
  const counts = `tests="${findings.length}" failures="${failed}" errors="0" skipped="${notClaimed}" time="${seconds(durationMs)}"`;
  const cases = findings.map((finding) => testCase(plugin, finding)).join('');
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${counts}>\n<testsuite name="${xml(`outrigger test ${plugin}`)}" ${counts}>\n${cases}</testsuite>\n</testsuites>\n`;
}

function testCase(plugin: string, { id, text, status, reason = '', exchange = [], durationMs }: Finding): string {
  const head = `<testcase classname="${xml(plugin)}" name="${xml(`${id} ${text}`)}" time="${seconds(durationMs)}"`;
  if (status === 'pass') return `${head}/>\n`;
  if (status === 'not-claimed') return `${head}><skipped message="${xml(reason)}"/></testcase>\n`;
  const lines = exchange.map(({ from, atMs, text: said }) => `${atMs} ms ${from}: ${said}`).join('\n');
  return `${head}><failure message="${xml(reason)}">${xml(lines)}</failure></testcase>\n`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

function xml(text: string): string {
  return text
    .toWellFormed()
    .replace(UNSPEAKABLE, '\ufffd')
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
