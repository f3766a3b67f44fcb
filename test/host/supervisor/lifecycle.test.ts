import { expect, test } from 'vitest';
import { type LifecycleEvent, nextState } from '../../../host/supervisor/lifecycle.ts';
import type { PluginState } from '../../../host/supervisor/types.ts';

const EVENTS: readonly LifecycleEvent[] = ['start', 'hello', 'stop', 'end', 'fail', 'quarantine', 'refuse', 'rest'];

/** Written out once more, cell by cell; `-` is a step that does not happen. */
const TABLE: Readonly<Record<PluginState, string>> = {
  stopped: 'starting - - - - - - -',
  starting: '- ready draining stopped backoff quarantined refused -',
  ready: '- - draining stopped backoff quarantined refused -',
  draining: '- - - stopped - - - -',
  backoff: 'starting - - - - - - stopped',
  quarantined: 'starting - - - - - - stopped',
  refused: 'starting - - - - - - -',
};
const CELLS = Object.entries(TABLE).flatMap(([state, row]) =>
  row.split(' ').map((next, column) => [state as PluginState, EVENTS[column] as LifecycleEvent, next] as const),
);

test.for(CELLS)('nextState() in "%s" at "%s" is "%s"', ([state, event, next]) => {
  expect(nextState(state, event) ?? '-').toBe(next);
});

test('nextState() lets no state be a trap: a start can follow each', () => {
  const reachesStart = (state: PluginState, seen: readonly PluginState[]): boolean =>
    nextState(state, 'start') !== undefined ||
    EVENTS.some((event) => {
      const next = nextState(state, event);
      return next !== undefined && !seen.includes(next) && reachesStart(next, [...seen, next]);
    });

  expect(Object.keys(TABLE).filter((state) => !reachesStart(state as PluginState, []))).toEqual([]);
});
