import { appendFile, mkdir, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { definePlugin, type HandlerContext, type HookMap } from '@outrigger/sdk';

type Config = { file?: string; maxBytes: number };
type Context = HandlerContext<Config>;

const when = ({ context }: Context) => ({ session_id: context.session ?? null, timestamp: context.time });
let writing: Promise<unknown> = Promise.resolve();

function fileOf({ file = 'audit.jsonl' }: Config): string | undefined {
  const folder = process.env['OUTRIGGER_DATA'];
  return file.startsWith('/') ? file : folder && join(folder, file);
}

/** Appends one line; past `maxBytes` the file is moved aside first and takes the place of the one before. */
async function append(file: string, maxBytes: number, record: object): Promise<void> {
  const line = `${JSON.stringify(record)}\n`;
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  );
  if (size > 0 && size + Buffer.byteLength(line) > maxBytes) await rename(file, `${file}.1`);
  await appendFile(file, line);
}

/** A handler that writes what `recordOf` makes of a payload, one after another; into the log where there is no file. */
function audit<P>(recordOf: (payload: P, context: Context) => object) {
  return async (payload: P, context: Context): Promise<void> => {
    const { config, log } = context;
    const record = recordOf(payload, context);
    const file = fileOf(config);
    if (file === undefined) return log.info('audit', { ...record });
    const task = writing.then(() => append(file, config.maxBytes, record));
    writing = task.catch(() => undefined);
    await task;
  };
}

export const plugin = definePlugin<HookMap, Config>({
  async setup({ config, log }) {
    const file = fileOf(config);
    if (file === undefined) log.warn('no data folder outside a sandbox: records go into this log; give "file" as an absolute path');
    else await mkdir(dirname(file), { recursive: true });
  },
  hooks: {
    'mellea.component_post_success': audit(({ session_id, component_type, latency_ms, timestamp }, context) => {
      const { session_id: session, timestamp: time } = when(context);
      return { event: 'generation_success', session_id: session_id ?? session, component_type, latency_ms, timestamp: timestamp ?? time };
    }),
    'mellea.component_post_error': audit(({ session_id, error_type, timestamp }, context) => {
      const { session_id: session, timestamp: time } = when(context);
      return { event: 'generation_error', session_id: session_id ?? session, error_type, timestamp: timestamp ?? time };
    }),
    'conda.post_command': audit(({ command, durationMs }, context) => ({
      event: 'command_success',
      command,
      latency_ms: durationMs,
      ...when(context),
    })),
    'conda.on_exception': audit(({ command, error }, context) => ({
      event: 'command_error',
      command,
      error_type: error,
      ...when(context),
    })),
    'coma.post_run_hook': audit(({ name }, context) => ({ event: 'command_success', command: name, ...when(context) })),
    'pycomex.after_experiment_finalize': audit(({ experiment: { name, error, duration_s } }, context) => ({
      event: error ? 'experiment_error' : 'experiment_success',
      experiment: name,
      ...(error ? { error_type: error.type } : {}),
      latency_ms: duration_s === undefined ? undefined : Math.round(duration_s * 1000),
      ...when(context),
    })),
  },
});
