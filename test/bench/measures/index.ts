import type { Measure } from '../types.ts';
import { CALLS } from './calls.ts';
import { DAEMON } from './daemon.ts';
import { HOST } from './host.ts';
import { MANY } from './many.ts';
import { INSTALLED, NOBODY } from './nobody.ts';
import { START } from './start.ts';

/** Every row, in the order of the table. */
export const MEASURES: readonly Measure[] = [...CALLS, ...MANY, ...DAEMON, ...NOBODY, ...INSTALLED, ...HOST, ...START];
