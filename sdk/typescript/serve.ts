import { frame, MessageReader } from './framing.ts';
import { readStdin } from './input.ts';
import { WireError } from './peer.ts';
import { PluginRuntime } from './runtime.ts';
import type { Plugin } from './types.ts';

const SHUTDOWN_MS = 2000;
/** Enough for one write: what one turn queues beyond it leaves in further writes. */
const FLUSH_CHARACTERS = 16_384;
const EXIT_CRASHED = 1;

type Write = (text: string, done?: () => void) => void;
let wire: Write | undefined;

/** From now on stdout belongs to the SDK: what the plugin prints (`console.log` too) goes to stderr. */
export function guardStdout(): Write {
  if (wire === undefined) {
    const { stdout, stderr } = process;
    const write = stdout.write.bind(stdout);
    wire = (text, done) => void (done === undefined ? write(text) : write(text, () => done()));
    stdout.write = stderr.write.bind(stderr) as typeof stdout.write;
  }
  return wire;
}

/** Serves the plugin on stdin and stdout until stdin ends, SIGTERM, or the host says `exit`. */
export function serve(plugin: Plugin): void {
  const out = makeOutput(guardStdout());
  const runtime = new PluginRuntime(plugin, (text) => out.send(frame(text, reader.framing)));
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
  const stdin = readStdin((chunk) => out.together(() => reader.push(chunk)));
  stdin.on('end', leave).on('error', leave);
  process.stdout.on('error', () => process.exit(0));
  process.stderr.on('error', () => {});
  process.on('SIGTERM', leave);
  // Ctrl-C belongs to the application: the host decides what it means for plugins.
  process.on('SIGINT', () => {});
  process.on('uncaughtException', (error) => {
    out.flush();
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(EXIT_CRASHED);
  });
  process.on('unhandledRejection', (error) => runtime.logError('unhandled rejection', error));
}

function makeOutput(write: Write) {
  let queued = '';
  let scheduled = false;
  const flush = (done?: () => void): void => {
    const text = queued;
    queued = '';
    if (text !== '' || done !== undefined) write(text, done);
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
    send(text: string): void {
      queued += text;
      if (queued.length >= FLUSH_CHARACTERS) flush();
      if (scheduled || queued === '') return;
      scheduled = true;
      process.nextTick(onTick);
    },
  };
}
