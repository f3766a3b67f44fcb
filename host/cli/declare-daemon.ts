import { type Command, Option } from 'commander';
import type { Declare } from './program.ts';

/** The commands about the daemon of a config. */
export function declareUp(program: Command, declare: Declare): void {
  const up = declare(program, 'up', 'run the daemon of this config in the foreground', async (context, _args, options) =>
    (await import('./commands/up.ts')).up(context, options),
  );
  up.option('--stdio', 'serve the one application that started it, over stdin and stdout').addOption(
    new Option('--log-file <file>').hideHelp(),
  );
  const start = declare(program, 'start', 'start the daemon of this config in the background', async (context, _args, options) =>
    (await import('./commands/start.ts')).start(context, options),
  );
  for (const command of [up, start])
    command
      .option('--http [port]', 'serve the dashboard, /metrics, /healthz and /readyz on this machine (port 7410)')
      .option('--listen <host:port>', 'serve applications on a network too')
      .option('--tls-cert <file>', 'certificate for --listen')
      .option('--tls-key <file>', 'private key of the certificate')
      .option('--token-file <file>', 'file with the token that applications on the network must say');
  declare(program, 'stop', 'stop the daemon, after the events in flight', async (context) =>
    (await import('./commands/stop.ts')).stop(context),
  );
  declare(program, 'status', 'show how the daemon and its plugins are', async (context) =>
    (await import('./commands/status.ts')).status(context),
  );
  declare(program, 'reload', 'let the daemon read its configuration again', async (context) =>
    (await import('./commands/reload.ts')).reload(context),
  );
  declare(program, 'dashboard', 'open the page of the daemon and print the link to it', async (context) =>
    (await import('./commands/dashboard.ts')).dashboard(context),
  );
}
