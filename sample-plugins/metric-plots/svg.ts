import { type Chart, SIZE } from './chart.ts';

const ENTITIES: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' };

/** The chart as an SVG document. Pure. */
export function drawSvg({ title, points, ticks }: Chart): string {
  const { width, height, left, right, top, bottom } = SIZE;
  const path = points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');
  const [only, ...others] = points;
  const dot = only && others.length === 0 ? `<circle cx="${only[0].toFixed(1)}" cy="${only[1].toFixed(1)}" r="3" fill="#1f77b4"/>` : '';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    `<rect x="${left}" y="${top}" width="${right - left}" height="${bottom - top}" fill="none" stroke="#999"/>`,
    `<text x="${(left + right) / 2}" y="16" text-anchor="middle">${escapeText(title)}</text>`,
    ...ticks.x.map(({ at, label }) => `<text x="${at.toFixed(1)}" y="${bottom + 18}" text-anchor="middle">${label}</text>`),
    ...ticks.y.map(({ at, label }) => `<text x="${left - 6}" y="${(at + 4).toFixed(1)}" text-anchor="end">${label}</text>`),
    `<path d="${path}" fill="none" stroke="#1f77b4" stroke-width="1.5"/>${dot}`,
    '</svg>\n',
  ].join('\n');
}

/** Control characters, most of which XML does not know even when escaped, become a replacement character. */
function escapeText(text: string): string {
  const plain = text.toWellFormed().replace(/[\p{Cc}\ufffe\uffff]/gu, '\ufffd');
  return plain.replace(/[<>&"]/g, (c) => ENTITIES[c] ?? c);
}
