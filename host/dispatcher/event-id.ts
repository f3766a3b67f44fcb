import { randomBytes } from 'node:crypto';

const HOST = randomBytes(4).toString('hex');
let lastTime = 0;
let timePart = 'e0';
let counter = 0;
/** The counter as text; a host that fires more than a few events in one millisecond is rare. */
const COUNTS: readonly string[] = Array.from({ length: 1024 }, (_, count) => inBase36(count));

/** Unique over hosts, and sortable by time: `e` + milliseconds + a counter + the host’s random mark. */
export function makeEventId(time: number): string {
  // A clock that was set back would give the ids of its last hour again.
  if (time > lastTime) {
    lastTime = time;
    timePart = `e${time.toString(36)}`;
    counter = 0;
  }
  counter += 1;
  return timePart + (COUNTS[counter] ?? inBase36(counter)) + HOST;
}

function inBase36(count: number): string {
  return count.toString(36).padStart(3, '0');
}

let isoOf = Number.NaN;
let iso = '';

/** RFC 3339 in UTC; many events share a millisecond. */
export function isoTime(time: number): string {
  if (time !== isoOf) {
    isoOf = time;
    iso = new Date(time).toISOString();
  }
  return iso;
}
