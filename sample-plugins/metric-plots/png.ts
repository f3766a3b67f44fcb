import { crc32, deflateSync } from 'node:zlib';
import { type Chart, type Point, SIZE } from './chart.ts';

const { width, height, left, right, top, bottom } = SIZE;
const COLOURS = { frame: 1, line: 2, ink: 3 } as const;
/** The background, then the colours above, each as red, green, blue. */
const PALETTE = Buffer.from('ffffff9999991f77b4000000', 'hex');
const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');

/** Each glyph is five rows of three dots, written as octal digits. */
const GLYPHS: Readonly<Record<string, string>> = {
  ...{ 0: '75557', 1: '26227', 2: '71747', 3: '71717', 4: '55711', 5: '74717', 6: '74757', 7: '71122', 8: '75757', 9: '75717' },
  ...{ '.': '00002', '-': '00700', '+': '02720', e: '07764' },
};
const [DOT, ADVANCE] = [2, 8];

/** A picture of one byte a pixel. What lies outside of it is not drawn. */
type Canvas = Uint8Array;

/** The chart as a PNG file of four colours; without its title, as it has glyphs for numbers only. Pure. */
export function drawPng({ points, ticks }: Chart): Buffer {
  const canvas = new Uint8Array(width * height);
  const frame: Point[] = [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
    [left, top],
  ];
  drawLine(canvas, frame, COLOURS.frame);
  for (const { at, label } of ticks.x) drawText(canvas, label, [at - (label.length * ADVANCE) / 2, bottom + 8]);
  for (const { at, label } of ticks.y) drawText(canvas, label, [left - 6 - label.length * ADVANCE, at - 5]);
  drawLine(canvas, points, COLOURS.line);
  return encode(canvas);
}

function drawLine(canvas: Canvas, points: readonly Point[], colour: number): void {
  for (const [i, to] of points.entries()) {
    const from = points[i - 1] ?? to;
    const steps = Math.ceil(Math.max(Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]), 1));
    for (let step = 0; step <= steps; step++) {
      const along = step / steps;
      drawDot(canvas, [from[0] + (to[0] - from[0]) * along, from[1] + (to[1] - from[1]) * along], colour);
    }
  }
}

function drawText(canvas: Canvas, text: string, [x, y]: Point): void {
  for (const [place, letter] of [...text].entries()) {
    for (const [row, bits] of [...(GLYPHS[letter] ?? '')].entries()) {
      for (let column = 0; column < 3; column++) {
        if (Number(bits) & (4 >> column)) drawDot(canvas, [x + place * ADVANCE + column * DOT, y + row * DOT], COLOURS.ink);
      }
    }
  }
}

/** Two pixels wide and high. */
function drawDot(canvas: Canvas, [x, y]: Point, colour: number): void {
  for (const row of [Math.round(y), Math.round(y) + 1]) {
    for (const column of [Math.round(x), Math.round(x) + 1]) {
      if (row >= 0 && row < height && column >= 0 && column < width) canvas[row * width + column] = colour;
    }
  }
}

function encode(canvas: Canvas): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Eight bits a pixel, colours from the palette.
  header.set([8, 3], 8);
  const rows = Buffer.alloc(height * (width + 1));
  // Each row begins with its filter, 0: none.
  for (let y = 0; y < height; y++) rows.set(canvas.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  const chunks = [chunk('IHDR', header), chunk('PLTE', PALETTE), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([SIGNATURE, ...chunks]);
}

/** Length, kind, content, checksum. */
function chunk(kind: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(kind, 'latin1'), content]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(content.length, 0);
  framed.set(body, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}
