type Write = (text: string | Uint8Array, done?: () => void) => void;

/** Every pipe holds as much when it is empty, so that no write waits for the host to read. */
const DIRECT_BYTES = 8192;
/** A module that is there once somebody has opened stdout, whatever it is. */
const OPENED = /^NativeModule (net|tty|internal\/fs\/sync_write_stream)$/;

let isGuarded = false;
/** Of the stream that stdout is; undefined until somebody wants one. */
let streamed: Write | undefined;
let directBytes = 0;

/** From now on stdout belongs to the SDK: what the plugin prints (`console.log` too) goes to stderr. */
export function guardStdout(): void {
  if (isGuarded) return;
  isGuarded = true;
  const property = Object.getOwnPropertyDescriptor(process, 'stdout');
  const open = property?.get?.bind(process) as (() => NodeJS.WriteStream) | undefined;
  if (open === undefined || property?.configurable !== true || isOpen()) {
    takeStream(process.stdout);
    return;
  }
  // Opened only when somebody looks: the modules of a stream take two milliseconds of a start.
  Object.defineProperty(process, 'stdout', {
    ...property,
    get: () => {
      const stdout = open();
      if (streamed === undefined) takeStream(stdout);
      return stdout;
    },
  });
}

/** Writes to the host; `done` is called when it was handed over. Small messages need no stream until they are many. */
export function writeOut(text: string, done?: () => void): void {
  const rest = streamed === undefined ? writeDirectly(text) : text;
  // Looking at it opens it.
  if (streamed === undefined && rest.length > 0) void process.stdout;
  if (streamed === undefined) done?.();
  else streamed(rest, done);
}

/** What could not be written so. */
function writeDirectly(text: string): string | Uint8Array {
  if (directBytes + text.length * 3 > DIRECT_BYTES) return text;
  const bytes = Buffer.from(text);
  directBytes += bytes.length;
  try {
    return bytes.subarray(process.getBuiltinModule('node:fs').writeSync(1, bytes));
  } catch {
    // Full, or gone: the stream waits, or says so.
    return bytes;
  }
}

function takeStream(stdout: NodeJS.WriteStream): void {
  const write = stdout.write.bind(stdout);
  streamed = (text, done) => void (done === undefined ? write(text) : write(text, () => done()));
  stdout.on('error', () => process.exit(0));
  const { stderr } = process;
  stdout.write = stderr.write.bind(stderr) as typeof stdout.write;
}

/** A module that ran before may hold the stream already. */
function isOpen(): boolean {
  const { moduleLoadList } = process as { moduleLoadList?: readonly string[] };
  return moduleLoadList === undefined || moduleLoadList.some((name) => OPENED.test(name));
}
