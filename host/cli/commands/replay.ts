import { resolve } from 'node:path';
import { readRecording } from '../../conformance/recording.ts';
import { type Replayed, replay } from '../../conformance/replay.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import type { Paint } from '../print/paint.ts';
import { printable, printableValue } from '../print/printable.ts';
import { type TargetOptions, targetOf } from './test.ts';

/** `outrigger replay`: 1 when the plugin says something else than in the recording. */
export async function replayRecording(
  context: CliContext,
  file: string,
  options: TargetOptions & { readonly plugin: string },
): Promise<number> {
  const records = readRecording(resolve(context.cwd, file));
  const replayed = await replay(records, await targetOf(context, [options.plugin], options));
  context.answer({ ...replayed, same: replayed.difference === undefined }, () => replayText(replayed, context.paint));
  return replayed.difference === undefined ? EXIT.done : EXIT.failed;
}

function replayText({ plugin, compared, difference }: Replayed, paint: Paint): string {
  if (difference === undefined)
    return paint('good', `${printable(plugin)} said the same as in the recording: ${compared} messages compared`);
  const { line, what, recorded, now, pointers } = difference;
  const where = pointers.length > 0 ? `, at ${printable(pointers.join(', '))}` : '';
  return [
    `${paint('bad', `${printable(plugin)} differs at line ${line}`)}: ${printable(what)}${where}`,
    `${paint('faint', 'recorded')}  ${printableValue(recorded)}`,
    `${paint('faint', 'now     ')}  ${printableValue(now)}`,
  ].join('\n');
}
