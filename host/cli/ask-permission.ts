import { isatty } from 'node:tty';
import type { AskPermission, Consent, PermissionQuestion } from '../daemon/permission-requests.ts';
import type { CliContext } from './context.ts';
import { printable } from './print/printable.ts';
import { dropTypedAhead, hasTerminal, readLine } from './read-hidden.ts';

const ANSWERS: Readonly<Record<string, Consent>> = { o: 'once', once: 'once', a: 'always', always: 'always' };

/** Asks the person at the terminal; undefined where there is none, or where a program reads what we write: then the answer is no. */
export function askPermission({ options, paint, write, log, terminal }: CliContext): AskPermission | undefined {
  if (options.json || options.quiet || !isatty(0) || !isatty(2) || !hasTerminal()) return undefined;
  let tail: Promise<unknown> = Promise.resolve();
  const ask = async (question: PermissionQuestion): Promise<Consent> => {
    if (question.signal.aborted) return 'no';
    if (terminal.isTaken) {
      // What is typed now is meant for the command.
      const { plugin } = question;
      log.warn(`it asks for more while the command runs: no; grant it with "outrigger plugins trust ${plugin} --grant-optional"`, {
        plugin,
      });
      return 'no';
    }
    dropTypedAhead();
    write(2, questionText(question, paint));
    const line = await readLine('Grant it? [o]nce, [a]lways, [N]o: ', question.signal);
    return ANSWERS[line?.trim().toLowerCase() ?? ''] ?? 'no';
  };
  return (question) => {
    // Two plugins may ask at once; a person reads one question at a time.
    const answer = tail.then(() => ask(question));
    tail = answer.catch(() => undefined);
    return answer;
  };
}

function questionText({ plugin, reason, lines }: PermissionQuestion, paint: CliContext['paint']): string {
  const wishes = lines.map(({ text, isWide }) => (isWide ? paint('bad', `  ! ${printable(text)}`) : `    ${printable(text)}`));
  const why = reason === undefined ? [] : [`It says why: "${printable(reason)}"`];
  return `${[`Plugin ${paint('name', printable(plugin))} asks for more:`, ...wishes, ...why].join('\n')}\n`;
}
