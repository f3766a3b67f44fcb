import { around, type Framing, MessageReader } from './framing.ts';
import { readStdin } from './input.ts';
import { guardStdout, writeOut } from './output.ts';
import { WireError } from './peer.ts';
import { PluginRuntime } from './runtime.ts';
import type { Plugin } from './types.ts';

const SHUTDOWN_MS = 2000;
/** Enough for one write: what one turn queues beyond it leaves in further writes. */
const FLUSH_CHARACTERS = 16_384;
const EXIT_CRASHED = 1;

/** Serves the plugin on stdin and stdout until stdin ends, SIGTERM, or the host says `exit`. */
export function serve(plugin: Plugin): void {
  guardStdout();
  const out = makeOutput();
  const runtime = new PluginRuntime(plugin, (text) => out.send(text, reader.framing));
  const reader = new MessageReader(
    {
      message: (text) => runtime.peer.receive(text),
      skipped(code, why) {
        const number = code === 'MESSAGE_TOO_LARGE' ? -32007 : -32700;
        runtime.peer.refuse(null, new WireError(code, number, `Cannot read the message: ${why}`));
      },
    },
    () => runtime.peer.maxBytes,
  );
  const exit = (code: number) => out.flush(() => process.exit(code));
  let leaving = false;
  const leave = () => {
    if (leaving) return;
    leaving = true;
    setTimeout(() => process.exit(0), SHUTDOWN_MS);
    void runtime.close().then(() => exit(0));
  };
  // One turn later: what came with it is answered first.
  runtime.onExit = () => setImmediate(exit, 0);
  readStdin((chunk) => out.together(() => reader.push(chunk)), leave);
  process.on('SIGTERM', leave);
  // Ctrl-C belongs to the application: the host decides what it means for plugins.
  process.on('SIGINT', () => {});
  // Later, for it opens stderr.
  setImmediate(() => process.stderr.on('error', () => {}));
  process.on('uncaughtException', (error) => {
    out.flush();
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(EXIT_CRASHED);
  });
  process.on('unhandledRejection', (error) => runtime.logError('unhandled rejection', error));
}

/** In one write, but not put together before: to copy a large text costs a third of making it. */
function writeTogether(parts: readonly string[]): void {
  const { stdout } = process;
  stdout.cork();
  for (const part of parts) if (part !== '') writeOut(part);
  stdout.uncork();
}

function makeOutput() {
  let queued = '';
  let scheduled = false;
  const flush = (done?: () => void): void => {
    const text = queued;
    queued = '';
    if (text !== '' || done !== undefined) writeOut(text, done);
  };
  const onTick = (): void => {
    scheduled = false;
    flush();
  };
  return {
    flush,
    /** What is sent in the meantime leaves when it is done. */
    together(run: () => void): void {
      scheduled = true;
      run();
      onTick();
    },
    send(text: string, framing: Framing | undefined): void {
      const { before, after } = around(text, framing);
      if (text.length >= FLUSH_CHARACTERS) {
        writeTogether([`${queued}${before}`, text, after]);
        queued = '';
        return;
      }
      queued += `${before}${text}${after}`;
      if (queued.length >= FLUSH_CHARACTERS) flush();
      if (scheduled || queued === '') return;
      scheduled = true;
      process.nextTick(onTick);
    },
  };
}
