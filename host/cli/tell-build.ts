import type { CliContext } from './context.ts';
import { printable, printableJson } from './print/printable.ts';

/** Says on stderr that a plugin is being built: a compiler may take minutes and is not shown. With --quiet nothing. */
export function tellBuild({ options, write }: CliContext, folder: string): () => void {
  const message = `building the plugin in "${folder}" with make: the first time may take minutes`;
  const line = options.json
    ? printableJson({ time: new Date().toISOString(), level: 'info', message })
    : `outrigger: ${printable(message)}`;
  return () => {
    if (!options.quiet) write(2, `${line}\n`);
  };
}
