import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import type { PluginEntry } from '@outrigger/schemas';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SANDBOX } from '../../test/samples/samples.ts';
import { readManifest } from '../../test/sdk/typescript/plugin-process.ts';
import { folderWith } from '../../test/support/confined.ts';
import { Hosts } from '../../test/support/hosts.ts';
import { testWith } from '../../test/support/needs.ts';
import { layOut, SIZE } from './chart.ts';
import { drawPng } from './png.ts';
import { drawSvg } from './svg.ts';

let hosts = new Hosts();
beforeEach(() => {
  hosts = new Hosts();
});
afterEach(() => hosts.close());

const entry: PluginEntry = { path: import.meta.dirname, trust: 'none', grant: { fs: { write: [`\${workspace}/results`] } } };

/** The colour of each pixel, out of a PNG file whose chunks are checked on the way. */
function pixelsOf(png: Buffer): Uint8Array {
  let data: Uint8Array = Buffer.alloc(0);
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') data = png.subarray(at + 8, at + 8 + length);
    at += length + 12;
  }
  const rows = inflateSync(data);
  return Uint8Array.from(
    { length: SIZE.width * SIZE.height },
    (_, i) => rows[Math.floor(i / SIZE.width) * (SIZE.width + 1) + 1 + (i % SIZE.width)] ?? 0,
  );
}

test('layOut() puts the ends of a series into the corners of the frame', () => {
  const { points, ticks } = layOut('loss', [4, 2, 3, 0]);

  expect(points[0]).toEqual([SIZE.left, SIZE.top]);
  expect(points[3]).toEqual([SIZE.right, SIZE.bottom]);
  expect(ticks.x.map(({ label }) => label)).toEqual(['0', '2', '3']);
  expect(ticks.y.map(({ label }) => label)).toEqual(['0', '2', '4']);
});

test.each([[[7]], [[0]], [[5, 5, 5]], [[-1e300, 1e300]], [[1e-9, 2e-9]], [[5e-324]]])(
  'layOut() finds a place inside the frame for all of %j',
  (series) => {
    const { points } = layOut('x', series);

    for (const [x, y] of points) {
      expect(x).toBeGreaterThanOrEqual(SIZE.left);
      expect(x).toBeLessThanOrEqual(SIZE.right);
      expect(y).toBeGreaterThanOrEqual(SIZE.top);
      expect(y).toBeLessThanOrEqual(SIZE.bottom);
    }
  },
);

test('layOut() keeps the peak of a long series', () => {
  const series = Array.from({ length: 300_000 }, (_, i) => (i === 123_456 ? 10 : i % 2));
  const { points } = layOut('x', series);

  expect(points.length).toBeLessThan(2000);
  expect(points.filter(([, y]) => y === SIZE.top)).toHaveLength(1);
});

test('drawSvg() escapes the name of a series', () => {
  const svg = drawSvg(layOut('<script>&"\0', [1, 2]));

  expect(svg).toContain('>&lt;script&gt;&amp;&quot;\ufffd</text>');
  expect(svg).toContain(`M${SIZE.left}.0 ${SIZE.bottom}.0L${SIZE.right}.0 ${SIZE.top}.0`);
});

test('drawPng() draws the line where the series is, and nothing where it is not', () => {
  const png = drawPng(layOut('x', [0, 1]));
  const pixels = pixelsOf(png);
  const at = (x: number, y: number): number | undefined => pixels[y * SIZE.width + x];

  expect(png.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
  expect([at(SIZE.left, SIZE.bottom), at(348, 176), at(SIZE.right, SIZE.top)]).toEqual([2, 2, 2]);
  expect([at(SIZE.left + 9, SIZE.top + 9), at(2, 2)]).toEqual([0, 0]);
  expect(pixels.filter((colour) => colour === 3).length).toBeGreaterThan(50);
});

testWith('python3', 'python3')('drawPng() makes a file whose checksums hold', async () => {
  const { spawnSync } = await import('node:child_process');
  const check = `
import struct, sys, zlib
data = sys.stdin.buffer.read()[8:]
kinds = []
while data:
    size, = struct.unpack('>I', data[:4])
    body, (crc,) = data[4:8 + size], struct.unpack('>I', data[8 + size:12 + size])
    assert zlib.crc32(body) == crc
    kinds.append(body[:4].decode())
    data = data[12 + size:]
print(*kinds)`;

  const { stdout } = spawnSync('python3', ['-c', check], { input: drawPng(layOut('x', [0, 1])), encoding: 'utf8' });

  expect(stdout).toBe('IHDR PLTE IDAT IEND\n');
});

testWith(...SANDBOX)('metric-plots draws each series into the archive, whatever its name', async () => {
  expect(readManifest(import.meta.dirname).problems).toEqual([]);
  const cwd = folderWith();
  const path = join(cwd, 'results/train/debug');
  mkdirSync(path, { recursive: true });
  const host = await hosts.open({}, { cwd, config: { catalogs: ['pycomex'], plugins: { 'metric-plots': entry } } });
  const tracked = { loss: [0.9, 0.5], '../../loss': [1], '..*..*loss': [2], pictures: [{ path: 'a.png' }], empty: [] };

  const outcome = await host.emit('pycomex.after_experiment_finalize', { experiment: { name: 'train', path, error: null }, tracked });

  const files = ['_loss', '_loss-2', 'loss'].flatMap((name) => [`${name}.png`, `${name}.svg`]);
  expect(readdirSync(join(path, 'plots')).sort()).toEqual(files.sort());
  expect(readFileSync(join(path, 'plots/loss.svg'), 'utf8')).toContain('>loss</text>');
  expect(outcome.trace.answers[0]?.metadata?.['plots']).toHaveLength(6);
});

testWith(...SANDBOX)('metric-plots lets a run end whose archive it may not write to', async () => {
  const host = await hosts.open({}, { cwd: folderWith(), config: { catalogs: ['pycomex'], plugins: { 'metric-plots': entry } } });
  const tracked = { loss: [0.9, 0.5] };

  for (const path of ['/root/results', 'results/train', null]) {
    const { status, trace } = await host.emit('pycomex.after_experiment_finalize', { experiment: { name: 'train', path }, tracked });
    expect([status, trace.answers[0]?.status]).toEqual(['continued', 'continued']);
  }
});
