import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { RawClient } from '../host/daemon/control/raw-client.ts';
import { waitUntil } from '../support/wait-until.ts';
import { CliPlace, type Finished, finished } from './cli-place.ts';

/** A place with a runtime folder of its own, and `outrigger up` in it. */
export class DaemonPlaceUnderTest extends CliPlace {
  readonly #children: ChildProcess[] = [];
  readonly #clients: RawClient[] = [];

  constructor() {
    super();
    this.env['XDG_RUNTIME_DIR'] = this.path('run');
    this.config({});
  }

  get runFolder(): string {
    return this.path('run', 'outrigger');
  }

  /** Path of the one socket that is there. */
  get socket(): string {
    const [name] = this.files().filter((file) => file.endsWith('.sock'));
    return join(this.runFolder, name ?? 'there is none');
  }

  files(): string[] {
    return existsSync(this.runFolder) ? readdirSync(this.runFolder).sort() : [];
  }

  /** Starts the daemon in the foreground; settles when it serves, or with how it ended. */
  async up(args: readonly string[] = []): Promise<{ child: ChildProcess; log: { text: string }; ended: Promise<Finished> }> {
    const child = this.start(['up', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#children.push(child);
    const log = { text: '' };
    child.stderr?.on('data', (chunk) => {
      log.text += chunk;
    });
    const ended = finished(child);
    await waitUntil(() => log.text.includes('"daemon serves"') || hasEnded(child), 'the daemon to serve or to end', 20_000);
    return { child, log, ended };
  }

  async client(): Promise<RawClient> {
    const client = await RawClient.open(this.socket);
    this.#clients.push(client);
    return client;
  }

  /** Ends everything of this place, a daemon in the background too. */
  async clear(): Promise<void> {
    for (const client of this.#clients) client.close();
    if (existsSync(this.socket)) await this.run(['stop']);
    for (const child of this.#children.filter((one) => !hasEnded(one))) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    this.remove();
  }
}

export function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
