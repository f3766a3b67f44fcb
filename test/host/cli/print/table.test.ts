import { expect, test } from 'vitest';
import { displayWidth } from '../../../../host/cli/print/display-width.ts';
import { makePaint } from '../../../../host/cli/print/paint.ts';
import { table } from '../../../../host/cli/print/table.ts';

const plain = makePaint(false, {});
const columns = [{ title: 'plugin' }, { title: 'ms', align: 'right' as const }, { title: 'what' }];

test('table() sets every column as wide as its widest cell on the screen', () => {
  const text = table(
    columns,
    [
      ['日本', '12.5', 'x'],
      ['protect', '3', ''],
    ],
    { paint: plain, columns: undefined },
  );
  expect(text).toBe('plugin     ms  what\n日本     12.5  x\nprotect     3');
});

test('table() cuts nothing on a pipe', () => {
  expect(table(columns, [['a', '1', 'y'.repeat(500)]], { paint: plain, columns: undefined })).toContain('y'.repeat(500));
});

test('table() cuts the widest column until the lines fit the terminal', () => {
  const lines = table(
    columns,
    [
      ['protect', '1', 'y'.repeat(500)],
      ['b', '2', '語'.repeat(90)],
    ],
    { paint: plain, columns: 40 },
  ).split('\n');
  for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(40);
  expect(lines[1]).toBe(`protect   1  ${'y'.repeat(26)}…`);
});

test('table() wraps a column that asks for it, and loses nothing of it', () => {
  const wrapping = [{ title: 'plugin' }, { title: 'why', wraps: true as const }];
  const text = table(
    wrapping,
    [
      ['protect', { text: 'mode sequential from the manifest; priority 5', tone: 'name' }],
      ['b', 'x'],
    ],
    {
      paint: plain,
      columns: 30,
    },
  );
  expect(text).toBe('plugin   why\nprotect  mode sequential from\n         the manifest;\n         priority 5\nb        x');
});

test('table() narrows the other columns before one that wraps gets unreadable', () => {
  const wrapping = [{ title: 'a' }, { title: 'why', wraps: true as const }];
  const lines = table(wrapping, [['x'.repeat(30), 'y y y y y y y y y y y y']], { paint: plain, columns: 24 }).split('\n');
  expect(lines[1]).toBe('xxxxx…  y y y y y y y y');
  expect(lines[2]).toBe('        y y y y');
});

test('table() does not hang on a terminal too narrow for anything', () => {
  expect(table(columns, [['protect', '1', 'why']], { paint: plain, columns: 1 }).split('\n')).toHaveLength(2);
});

test('table() measures before it colours', () => {
  const text = table([{ title: 'a' }, { title: 'b' }], [[{ text: 'x', tone: 'bad' }, 'y']], {
    paint: makePaint(true, {}),
    columns: undefined,
  });
  expect(text.split('\n')[1]).toBe('\u001b[31mx\u001b[39m  y');
});
