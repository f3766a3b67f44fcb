import { COMPLETION_SCRIPTS, type Shell } from '../completion-scripts.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';

/** `outrigger completions` */
export async function completions(context: CliContext, shell: string): Promise<number> {
  const script = COMPLETION_SCRIPTS[shell as Shell];
  context.answer({ shell, script }, () => script);
  return EXIT.done;
}
