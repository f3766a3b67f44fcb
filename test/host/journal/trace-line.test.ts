import { expect, test } from 'vitest';
import { traceLine, traceRow } from '../../../host/journal/trace-line.ts';

test.each(['{}', '{"text":"a\\nb \u2028 ü"}'])('traceRow() gives back what traceLine() was given, with body %s', (body) => {
  const row = { event: 'e1', hook: 'app.save', time: 1_790_000_000_123, body };
  expect(traceRow(traceLine(row))).toEqual(row);
});
