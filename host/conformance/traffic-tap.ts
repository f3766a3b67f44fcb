import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Launched } from '../process/launch.ts';
import { describeExit } from '../process/launch.ts';
import { MessageReader } from '../process/reader.ts';
import type { Recorder } from './recording.ts';

const CHANNEL = 'outrigger:launch';
// Beyond what any config allows: a recording must not be the first to give up.
const MAX_MESSAGE_BYTES = 1024 * 1024 * 1024;

/** Listens in on the processes of one plugin of this host. */
export class TrafficTap {
  readonly #recorder: Recorder;
  #plugin: string | undefined;
  #isReady = false;

  /** `plugin`: left out, the first that starts once the host is ready. */
  constructor(recorder: Recorder, plugin: string | undefined) {
    this.#recorder = recorder;
    this.#plugin = plugin;
    subscribe(CHANNEL, this.#listen);
  }

  /** The host is ready: what it started before was no plugin, or an eager one that must be named. */
  ready(): void {
    this.#isReady = true;
  }

  close(): void {
    unsubscribe(CHANNEL, this.#listen);
  }

  readonly #listen = (published: unknown): void => {
    const { plugin, child } = published as Launched;
    if (this.#isReady) this.#plugin ??= plugin;
    if (plugin !== this.#plugin) return;
    const begun = performance.now();
    const now = (): number => Math.round(performance.now() - begun);
    const recorder = this.#recorder;
    recorder.start(plugin);
    const heard = readerInto((text) => recorder.add('plugin', text, now()));
    const said = readerInto((text) => recorder.add('host', text, now()));
    // Not before the host listens too: a stream that flows early loses what it has.
    child.stdout.on('newListener', function join(event: string) {
      if (event !== 'data') return;
      child.stdout.off('newListener', join);
      child.stdout.on('data', (chunk: Buffer) => heard.push(chunk));
    });
    const write = child.stdin.write.bind(child.stdin) as (...args: unknown[]) => boolean;
    child.stdin.write = (...args: unknown[]) => {
      said.push(Buffer.from(args[0] as string | Uint8Array));
      return write(...args);
    };
    void child.exited.then((exit) => recorder.end(describeExit(exit), now()));
  };
}

function readerInto(take: (text: string) => void): MessageReader {
  return new MessageReader({
    maxMessageBytes: MAX_MESSAGE_BYTES,
    onMessage: (bytes) => take(bytes.toString()),
    onPollution: (text) => take(text.toString()),
    onInvalid: (_why, bytes) => take(bytes.toString()),
    onOversize: () => {},
  });
}
