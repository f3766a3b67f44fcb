import type { Exchanged, Finding, Report } from '../../conformance/types.ts';
import type { Paint } from './paint.ts';
import { printable } from './printable.ts';

const SIGNS = { pass: ['good', 'pass'], fail: ['bad', 'FAIL'], 'not-claimed': ['faint', '–   '] } as const;
const ARROWS = { host: '→', plugin: '←', note: '·' } as const;
const SHOWN_CHARACTERS = 400;

/** The run of `outrigger test`: one line a requirement, the exchange below each failure, the sum at the end. */
export function testReport(report: Report, paint: Paint): string {
  const { plugin, level, why, passed, failed, notClaimed, durationMs } = report;
  const head = `${paint('strong', printable(plugin))} at level ${level}: ${why}`;
  const sum = `${passed} passed, ${failed} failed, ${notClaimed} not claimed, in ${(durationMs / 1000).toFixed(1)} s`;
  return [
    head,
    '',
    ...report.findings.flatMap((finding) => findingLines(finding, paint)),
    '',
    paint(failed > 0 ? 'bad' : 'good', sum),
  ].join('\n');
}

function findingLines({ id, text, status, reason, exchange = [] }: Finding, paint: Paint): string[] {
  const [tone, sign] = SIGNS[status];
  const because = status === 'not-claimed' && reason !== undefined ? paint('faint', ` (${printable(reason)})`) : '';
  const line = `${paint(tone, sign)}  ${id.padEnd(4)} ${printable(text)}${because}`;
  if (status !== 'fail') return [line];
  return [line, `      ${paint('bad', printable(reason ?? ''))}`, ...exchange.map((one) => `      ${exchangedLine(one, paint)}`)];
}

/** One message of a wire, cut to a few hundred characters. */
export function exchangedLine({ from, atMs, text }: Exchanged, paint: Paint): string {
  const shown = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)} …` : text;
  const tone = from === 'host' ? 'name' : from === 'plugin' ? 'plain' : 'warn';
  return `${paint('faint', `${atMs} ms`.padStart(8))} ${paint(tone, `${ARROWS[from]} ${printable(shown)}`)}`;
}
