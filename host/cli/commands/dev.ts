import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { DevSession } from '../../conformance/dev-session.ts';
import { debugHint, type Language } from '../../conformance/new-plugin.ts';
import { Recorder } from '../../conformance/recording.ts';
import type { Exchanged, Target } from '../../conformance/types.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { printable } from '../print/printable.ts';
import { exchangedLine } from '../print/test-report.ts';
import { type TargetOptions, targetOf } from './test.ts';

export interface DevCommandOptions extends TargetOptions {
  readonly record?: string;
  /** True: one round of sample events, then the end. */
  readonly once?: boolean;
}

const LANGUAGE_OF: readonly (readonly [RegExp, Language])[] = [
  [/^node(\.exe)?$/, 'typescript'],
  [/^python/, 'python'],
  [/^(ba|da|z)?sh$/, 'bash'],
];
const LANGUAGE_WITH: readonly (readonly [string, Language])[] = [
  ['go.mod', 'go'],
  ['Cargo.toml', 'rust'],
];

/** `outrigger dev`: until Ctrl-C or the end of stdin. With `once`, 1 when the plugin did not start or did not stay. */
export async function dev(context: CliContext, folder: string, options: DevCommandOptions): Promise<number> {
  const { json } = context.options;
  // With --json every line of stdout is a message.
  const tell = (text: string): void => (json ? context.log.info(text) : context.write(1, `${context.paint('strong', printable(text))}\n`));
  // Before all else: what cannot be recorded is not begun.
  const recorder = options.record === undefined ? undefined : new Recorder(resolve(context.cwd, options.record));
  const show = (exchanged: Exchanged): void => {
    if (exchanged.from !== 'note') recorder?.add(exchanged.from, exchanged.text, exchanged.atMs);
    context.write(1, `${json ? JSON.stringify(exchanged) : exchangedLine(exchanged, context.paint)}\n`);
  };
  const session = new DevSession({
    makeTarget: () => targetOf(context, [folder], options),
    tell,
    onProblem: (text) => context.log.error(text),
    onExchange: show,
    onStderr: (text) => context.write(2, text),
    onStart: (target, pid) => {
      recorder?.know(target.secrets);
      recorder?.start(target.name);
      tell(`${target.name} runs as process ${pid ?? '?'}; to debug it: ${hintFor(target)}`);
    },
    onEnd: (how, atMs) => recorder?.end(how, Math.round(atMs)),
  });
  try {
    // Before the start: what is saved meanwhile counts.
    if (options.once !== true) session.watch(resolve(context.cwd, folder));
    const isDone = await session.restart();
    if (options.once === true) return isDone ? EXIT.done : EXIT.failed;
    await interact(session, tell);
  } finally {
    await session.close();
    if (recorder?.trouble !== undefined) context.log.warn(`Cannot record all into "${options.record}": ${recorder.trouble}`);
    recorder?.close();
  }
  return EXIT.done;
}

/** Fires what is typed, until the input ends or Ctrl-C. */
async function interact(session: DevSession, tell: (text: string) => void): Promise<void> {
  tell('Enter fires the samples again; "HOOK {json}" fires your own; Ctrl-C ends');
  const lines = createInterface({ input: process.stdin });
  const interrupted = new Promise<void>((done) => process.once('SIGINT', () => done()));
  const ended = new Promise<void>((done) => lines.once('close', () => done()));
  lines.on('line', (line) => {
    const [, hook = '', json = ''] = /^\s*(\S*)\s*(.*)$/.exec(line) ?? [];
    if (hook === '') void session.fireAll();
    else fireTyped(session, { hook, json, tell });
  });
  await Promise.race([interrupted, ended]);
  lines.close();
}

function fireTyped(session: DevSession, { hook, json, tell }: { hook: string; json: string; tell: (text: string) => void }): void {
  try {
    void session.fire(hook, json === '' ? undefined : JSON.parse(json));
  } catch (error) {
    tell(`Cannot fire "${hook}": the payload is not JSON, ${(error as Error).message}`);
  }
}

function hintFor({ launch }: Target): string {
  const program = basename(launch.command);
  const isThere = (file: string): boolean => existsSync(join(launch.cwd, file));
  const language = (LANGUAGE_OF.find(([pattern]) => pattern.test(program)) ?? LANGUAGE_WITH.find(([file]) => isThere(file)))?.[1];
  return language === undefined ? 'gdb -p PID, or the debugger of its language' : debugHint(language);
}
